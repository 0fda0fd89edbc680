module stallscope.test/stand-in-gopls

go 1.22
