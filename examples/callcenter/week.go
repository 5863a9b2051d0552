package main
import "github.com/tenure-go/tenure/examples/internal/show"
import "context"
type logged struct{}
func (c *centre) week(ctx context.Context, s *show.Story) error {return nil}
func (c *centre) timecards(ctx context.Context, s *show.Story) error {return nil}
func (c *centre) report(ctx context.Context, s *show.Story) error {return nil}
