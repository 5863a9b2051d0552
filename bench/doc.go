// Package bench measures tenure beside what people use today: each figure is a ratio from one run.
package bench
