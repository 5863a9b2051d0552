module github.com/tenure-go/tenure/bench

go 1.26.0

require (
	github.com/nikoksr/notify v1.3.0
	github.com/stretchr/testify v1.12.1
	github.com/tenure-go/tenure v0.0.0
)

require (
	github.com/govalues/decimal v0.1.36 // indirect
	github.com/rickb777/date/v2 v2.1.8 // indirect
	github.com/rickb777/period v1.0.9 // indirect
	github.com/rickb777/plural v1.4.2 // indirect
	github.com/shopspring/decimal v1.6.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sync v0.10.0 // indirect
)

replace github.com/tenure-go/tenure => ..
