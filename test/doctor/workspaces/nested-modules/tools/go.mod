module example.com/alone/tools

go 1.23
