// Package pdf draws a voucher sheet as a PDF.
package pdf
