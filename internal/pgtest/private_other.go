//go:build !unix

package pgtest

import "fmt"

func private() (*server, error) {
	return nil, fmt.Errorf("%w (a private server is made on Unix only)", ErrNone)
}
