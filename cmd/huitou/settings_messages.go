package main

import (
	"fmt"
	"strings"
	"time"

	"huitou/config"
	"huitou/model"
	"huitou/service/messages"
	"huitou/service/messages/sms"
)

// templatesOf turns the templates' settings into those of the outbox, or returns everything that is wrong with them: a message that the
// platform refuses is found at the start, and not by a member who waits for it.
func templatesOf(list []config.Template) (map[string]messages.Template, error) {
	out := make(map[string]messages.Template, len(list))
	for _, t := range list {
		out[t.Name] = templateOf(t)
	}
	problems := messages.Check(out)
	if len(problems) == 0 {
		return out, nil
	}
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.String()
	}
	return nil, fmt.Errorf("templates:\n  %s", strings.Join(lines, "\n  "))
}

// templateOf turns a template's settings into its forms: id and fields at the top are those of the official account's template message.
func templateOf(t config.Template) messages.Template {
	out := messages.Template{Purpose: model.MessagePurpose(t.Purpose), Forms: map[model.MessageChannel]messages.Form{}}
	for _, c := range t.Channels {
		out.Channels = append(out.Channels, model.MessageChannel(c))
	}
	for c, f := range map[model.MessageChannel]config.Form{
		model.ChannelOATemplate: {ID: t.ID, Fields: t.Fields, Cut: t.Cut}, model.ChannelOASubscribe: t.OASubscribe,
		model.ChannelMiniSubscribe: t.MiniSubscribe, model.ChannelCustomerService: t.CustomerService, model.ChannelSMS: t.SMS,
	} {
		if f.ID != "" || f.Text != "" {
			out.Forms[c] = messages.Form{ID: f.ID, Fields: f.Fields, Cut: f.Cut, Text: f.Text, Page: f.Page}
		}
	}
	return out
}

// limitsOf turns the shop's limits into rules; config has checked them.
func limitsOf(m config.Messages) messages.Rules {
	return messages.Rules{
		QuietFrom: sinceMidnight(m.QuietFrom), QuietTo: sinceMidnight(m.QuietTo),
		Care: messages.Cap{Day: m.CareDay, Week: m.CareWeek}, Marketing: messages.Cap{Day: m.MarketingDay, Week: m.MarketingWeek},
		Together: messages.Cap{Day: m.TogetherDay, Week: m.TogetherWeek},
	}
}

func sinceMidnight(text string) time.Duration {
	var h, m int
	_, _ = fmt.Sscanf(text, "%d:%d", &h, &m)
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
}

// smsOf makes the sender of texts, or nil when none is set up.
func smsOf(c config.SMS) (sms.Sender, error) {
	switch c.Provider {
	case "tencent":
		return sms.NewTencent(sms.TencentConfig{
			SecretID: c.SecretID, SecretKey: c.SecretKey.Reveal(), AppID: c.AppID, Sign: c.Sign, Region: c.Region,
		})
	case "file":
		return sms.NewFile(c.File, time.Now), nil
	}
	return nil, nil
}
