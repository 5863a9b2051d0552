module github.com/tenure-go/tenure/voucher/pdf

go 1.26.0

require github.com/tenure-go/tenure v0.0.0

require (
	codeberg.org/go-pdf/fpdf v0.12.0 // indirect
	github.com/go-fonts/dejavu v0.3.2 // indirect
)

replace github.com/tenure-go/tenure => ../..
