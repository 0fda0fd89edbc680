module example.com/lib

go 1.23

require example.com/base v0.0.0

replace example.com/base => ../base
