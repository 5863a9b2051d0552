package main
import ("context";"github.com/tenure-go/tenure/examples/internal/show";"github.com/tenure-go/tenure/notify")
type network struct{clock *show.Clock}
func (n *network) Send(context.Context, notify.Outgoing) notify.Receipt {return notify.Receipt{}}
func (d *dealer) meetings(ctx context.Context, s *show.Story) error {return nil}
func (d *dealer) messaging(ctx context.Context, s *show.Story) error {return nil}
func (d *dealer) night(ctx context.Context, s *show.Story) error {return nil}
func (d *dealer) rotation(ctx context.Context, s *show.Story) error {return nil}
