module stallscope.test/gopls

go 1.23
