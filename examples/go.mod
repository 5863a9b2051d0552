module github.com/tenure-go/tenure/examples

go 1.26.0

require github.com/tenure-go/tenure v0.0.0

replace github.com/tenure-go/tenure => ..
