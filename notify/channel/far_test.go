package channel_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/notify/notifytest"
)

// A provider is an HTTP gateway on loopback, in a mood.
type provider struct {
	*httptest.Server
	mu   sync.Mutex
	mood notifytest.Mood
	got  []posted
}

type posted struct {
	header http.Header
	body   string
}

func newProvider(t testing.TB, m notifytest.Mood) *provider {
	t.Helper()
	p := &provider{mood: m}
	stop := make(chan struct{})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		mood := p.mood
		if mood == notifytest.Accepts || mood == notifytest.Hangs || mood == notifytest.Cuts {
			p.got = append(p.got, posted{r.Header.Clone(), string(body)})
		}
		n := len(p.got)
		p.mu.Unlock()
		switch mood {
		case notifytest.Accepts:
			fmt.Fprintf(w, `{"status": 0, "messages": [{"id": "ext-%d"}]}`, n)
		case notifytest.Busy:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		case notifytest.Refuses: // 200, and the failure is inside
			fmt.Fprint(w, `{"status": 6, "status_message": "notSubscribed"}`)
		case notifytest.Denies:
			w.WriteHeader(http.StatusUnauthorized)
		case notifytest.Hangs:
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		case notifytest.Cuts: // the body was read, the answer begins, and the line is cut
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"status": 0, "mess`)
			panic(http.ErrAbortHandler)
		}
	}))
	p.Config.ErrorLog = nil
	t.Cleanup(func() { close(stop); p.Close() })
	if m == notifytest.Away {
		p.Close()
	}
	return p
}

func (p *provider) took() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.got)
}

func (p *provider) last() posted {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got[len(p.got)-1]
}

// A mailServer is an SMTP server on loopback with STARTTLS and AUTH PLAIN, in a mood.
type mailServer struct {
	listener net.Listener
	mood     notifytest.Mood
	tls      *tls.Config
	roots    *x509.CertPool
	plain    bool // no STARTTLS

	mu    sync.Mutex
	mails []string
	froms []string
	rcpts []string
	wait  sync.WaitGroup
	stop  context.CancelFunc
}

func newMailServer(t testing.TB, m notifytest.Mood, plain bool) *mailServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	s := &mailServer{listener: listener, mood: m, plain: plain, roots: roots, stop: cancel,
		tls: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}}
	s.wait.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.wait.Go(func() {
				defer conn.Close()
				defer context.AfterFunc(ctx, func() { conn.Close() })()
				s.serve(ctx, conn)
			})
		}
	})
	t.Cleanup(func() { cancel(); listener.Close(); s.wait.Wait() })
	if m == notifytest.Away {
		listener.Close()
	}
	return s
}

func (s *mailServer) addr() string { return s.listener.Addr().String() }

func (s *mailServer) took() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.mails)
}

func (s *mailServer) serve(ctx context.Context, conn net.Conn) {
	r := bufio.NewReader(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 loopback")
	var from, to string
	secure := false
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-loopback")
			if !secure && !s.plain {
				say("250-STARTTLS")
			}
			if secure {
				say("250-AUTH PLAIN")
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go ahead")
			secured := tls.Server(conn, s.tls)
			if secured.Handshake() != nil {
				return
			}
			conn, r, secure = secured, bufio.NewReader(secured), true
		case "AUTH":
			if s.mood == notifytest.Denies {
				say("535 5.7.8 no")
				continue
			}
			say("235 2.7.0 welcome")
		case "MAIL":
			if s.mood == notifytest.Busy {
				say("451 4.7.1 greylisted")
				continue
			}
			from = rest
			say("250 ok")
		case "RCPT":
			if s.mood == notifytest.Refuses {
				say("550 5.1.1 no such user")
				continue
			}
			to = rest
			say("250 ok")
		case "DATA":
			say("354 end with a dot")
			var mail strings.Builder
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				mail.WriteString(strings.TrimPrefix(line, "."))
			}
			s.mu.Lock()
			s.mails, s.froms, s.rcpts = append(s.mails, mail.String()), append(s.froms, from), append(s.rcpts, to)
			s.mu.Unlock()
			switch s.mood {
			case notifytest.Hangs:
				<-ctx.Done()
				return
			case notifytest.Cuts:
				return
			}
			say("250 2.0.0 queued")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("502 what?")
		}
	}
}
