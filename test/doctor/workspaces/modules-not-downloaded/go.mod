module example.com/alone

go 1.23

require (
	example.com/absent v1.0.0
	example.com/not-imported v1.0.0
)
