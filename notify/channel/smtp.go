package channel

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"github.com/tenure-go/tenure/notify"
)

// SMTPConfig describes a mail server. Addr and From are required.
type SMTPConfig struct {
	Addr string // host:port
	From string // "Hotel <hotel@example.com>"

	// Auth logs in after STARTTLS.
	// Defaults to no login.
	Auth smtp.Auth

	// TLS is used for STARTTLS.
	// Defaults to the host of Addr and the machine's roots.
	TLS *tls.Config

	// Plain allows a server without STARTTLS. A login is never sent in the clear.
	// Defaults to false.
	Plain bool

	// Hello is what the server is greeted with.
	// Defaults to "localhost".
	Hello string

	// Now dates the messages.
	// Defaults to time.Now.
	Now func() time.Time
}

// SMTP sends e-mail: plain text with attachments, one connection for each message. A message that
// the server took is accepted: mail has no further receipts.
type SMTP struct {
	c    SMTPConfig
	from *mail.Address
	host string
}

// NewSMTP checks c and returns its channel. What is wrong is a [notify.InvalidError].
func NewSMTP(c SMTPConfig) (*SMTP, error) {
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return nil, &notify.InvalidError{Field: "Addr", Value: c.Addr, Why: err.Error()}
	}
	from, err := address(c.From)
	if err != nil {
		return nil, &notify.InvalidError{Field: "From", Value: c.From, Why: err.Error()}
	}
	if c.TLS == nil {
		c.TLS = &tls.Config{ServerName: host}
	}
	if c.Hello == "" {
		c.Hello = "localhost"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &SMTP{c, from, host}, nil
}

// Send implements [notify.Channel].
func (s *SMTP) Send(ctx context.Context, o notify.Outgoing) notify.Receipt {
	if ctx.Err() != nil {
		return notify.Receipt{Failed: notify.FailureBusy, Code: "context"} // nothing was sent
	}
	if code := smuggles(o); code != "" {
		return notify.Receipt{Failed: notify.FailureRefused, Code: code}
	}
	to, err := address(o.Address)
	if err != nil {
		return notify.Receipt{Failed: notify.FailureUnreachable, Code: "address"}
	}
	message, err := s.compose(to, o)
	if err != nil {
		return notify.Receipt{Failed: notify.FailureRefused, Code: err.Error()}
	}
	handed, err := s.hand(ctx, to.Address, message)
	switch {
	case err == nil:
		return notify.Receipt{Level: notify.LevelAccepted, External: s.messageID(o)}
	case handed:
		return notify.Receipt{Code: err.Error()} // the text is there, the answer is not
	}
	return refusal(err)
}

// address reads a mailbox and spells its domain in ASCII, as SMTP wants it: почта.рф too.
func address(text string) (*mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err != nil {
		return nil, err
	}
	at := strings.LastIndexByte(a.Address, '@')
	domain, err := idna.Lookup.ToASCII(a.Address[at+1:])
	if err != nil {
		return nil, err
	}
	a.Address = a.Address[:at+1] + domain
	return a, nil
}

// hand talks to the server. handed: the text went out, and no answer to it came.
func (s *SMTP) hand(ctx context.Context, to string, message []byte) (handed bool, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.c.Addr)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	c, err := smtp.NewClient(conn, s.host)
	if err != nil {
		return false, err
	}
	if err := c.Hello(s.c.Hello); err != nil {
		return false, err
	}
	if ok, _ := c.Extension("STARTTLS"); ok {
		if err := c.StartTLS(s.c.TLS); err != nil {
			return false, denied{err}
		}
	} else if !s.c.Plain {
		return false, denied{errors.New("the server has no STARTTLS")}
	}
	if s.c.Auth != nil {
		if err := c.Auth(s.c.Auth); err != nil {
			return false, denied{err}
		}
	}
	if err := c.Mail(s.from.Address); err != nil {
		return false, denied{err}
	}
	if err := c.Rcpt(to); err != nil {
		return false, recipient{err}
	}
	w, err := c.Data()
	if err != nil {
		return false, err
	}
	if _, err := w.Write(message); err != nil {
		return false, err // without its end a text is not a message
	}
	if err := w.Close(); err != nil {
		var reply *textproto.Error
		return !errors.As(err, &reply), err
	}
	_ = c.Quit() // the message is theirs already
	return false, nil
}

type (
	denied    struct{ error } // it is us that the server does not serve
	recipient struct{ error } // it is the recipient that it does not know
)

func (d denied) Unwrap() error    { return d.error }
func (r recipient) Unwrap() error { return r.error }

// refusal reads an SMTP answer: 4xx is not now, 5xx is no. What did not get as far as a message is
// known not to be sent.
func refusal(err error) notify.Receipt {
	var reply *textproto.Error
	if !errors.As(err, &reply) {
		if d := (denied{}); errors.As(err, &d) && !isNetwork(err) {
			return notify.Receipt{Failed: notify.FailureDenied, Code: err.Error()}
		}
		return notify.Receipt{Failed: notify.FailureBusy, Code: "connection"}
	}
	r := notify.Receipt{Failed: notify.FailureRefused, Code: fmt.Sprintf("%d %s", reply.Code, reply.Msg)}
	d, to := denied{}, recipient{}
	switch {
	case reply.Code >= 400 && reply.Code < 500:
		r.Failed = notify.FailureBusy
	case errors.As(err, &d):
		r.Failed = notify.FailureDenied
	case errors.As(err, &to):
		r.Failed = notify.FailureUnreachable
	}
	return r
}

func isNetwork(err error) bool {
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// messageID is the same for every try, so that a reader's program shows a message once.
func (s *SMTP) messageID(o notify.Outgoing) string {
	sum := sha256.Sum256([]byte(o.Key()))
	_, domain, _ := strings.Cut(s.from.Address, "@")
	return "<" + hex.EncodeToString(sum[:16]) + "@" + domain + ">"
}

func (s *SMTP) compose(to *mail.Address, o notify.Outgoing) ([]byte, error) {
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	header("From", s.from.String())
	header("To", (&mail.Address{Address: to.Address}).String())
	header("Subject", mime.BEncoding.Encode("utf-8", o.Subject))
	header("Date", s.c.Now().Format(time.RFC1123Z))
	header("Message-ID", s.messageID(o))
	header("MIME-Version", "1.0")
	header("Auto-Submitted", "auto-generated")
	text := textproto.MIMEHeader{"Content-Type": {"text/plain; charset=utf-8"}, "Content-Transfer-Encoding": {"base64"}}
	body := strings.ReplaceAll(strings.ReplaceAll(o.Body, "\r\n", "\n"), "\n", "\r\n")
	if len(o.Attach) == 0 {
		header("Content-Type", text.Get("Content-Type"))
		header("Content-Transfer-Encoding", "base64")
		b.WriteString("\r\n")
		err := writeBase64(&b, []byte(body))
		return b.Bytes(), err
	}
	if len(o.Data) != len(o.Attach) {
		return nil, errors.New("attachments without data")
	}
	parts := multipart.NewWriter(&b)
	header("Content-Type", "multipart/mixed; boundary="+parts.Boundary())
	b.WriteString("\r\n")
	part, err := parts.CreatePart(text)
	if err != nil {
		return nil, err
	}
	if err := writeBase64(part, []byte(body)); err != nil {
		return nil, err
	}
	for i, a := range o.Attach {
		media, _, err := mime.ParseMediaType(a.MediaType)
		if err != nil {
			media = "application/octet-stream"
		}
		disposition := mime.FormatMediaType("attachment", map[string]string{"filename": a.Name})
		if disposition == "" {
			disposition = "attachment"
		}
		part, err := parts.CreatePart(textproto.MIMEHeader{
			"Content-Type": {media}, "Content-Disposition": {disposition}, "Content-Transfer-Encoding": {"base64"},
		})
		if err != nil {
			return nil, err
		}
		if err := writeBase64(part, o.Data[i]); err != nil {
			return nil, err
		}
	}
	err = parts.Close()
	return b.Bytes(), err
}

// writeBase64 keeps to lines of 76 characters.
func writeBase64(w io.Writer, data []byte) error {
	text := base64.StdEncoding.EncodeToString(data)
	for text != "" {
		line := text[:min(76, len(text))]
		text = text[len(line):]
		if _, err := io.WriteString(w, line+"\r\n"); err != nil {
			return err
		}
	}
	return nil
}
