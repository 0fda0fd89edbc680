module stallscope.test/retain

go 1.22
