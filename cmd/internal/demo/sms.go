package demo

import (
	"context"
	"strings"

	"huitou/service/messages/sms"
	"huitou/wechat/sim"
)

// phones shows texts on the simulated phones, and keeps all of them in a file, also those to numbers that nobody has.
type phones struct {
	file *sms.File
	sim  *sim.Sim
}

func (p phones) Send(ctx context.Context, m sms.Message) (id string, err error) {
	if id, err = p.file.Send(ctx, m); err != nil {
		return "", err
	}
	p.sim.ReceiveSMS(strings.TrimPrefix(m.Phone, "+86"), "回头", m.Text)
	return id, nil
}
