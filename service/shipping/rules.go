package shipping

import (
	"strings"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/wechat"
)

const (
	// patience is for how long WeChat is told again and again before it is an alarm; WeChat itself reminds after as long.
	patience = 48 * time.Hour
	// goodsEvery is the pause between two questions to the seller whether goods have left the shop.
	goodsEvery = 30 * time.Minute
	// callLife is how long a call that left may still be under way in another process.
	callLife = 2 * time.Minute
	// managedLife and carriersLife are how long an answer of WeChat's about itself is believed.
	managedLife  = 10 * time.Minute
	carriersLife = 24 * time.Hour
	// sweepBack is how far back paid orders without a row are looked for.
	sweepBack = 30 * 24 * time.Hour

	maxDesc = 120
)

// pause returns the wait until the next try, by how long it has been tried: half as long again, ten seconds at least, because WeChat's index
// lags by seconds, and three hours at most.
func pause(tried time.Duration) time.Duration { return min(max(tried/2, 10*time.Second), 3*time.Hour) }

// verdict is what a state of the order centre means for a row whose last call had no answer, or was refused.
func verdict(s wechat.ShippingState) model.ShippingState {
	switch s {
	case wechat.ShippingSent, wechat.ShippingConfirmed, wechat.ShippingDone, wechat.ShippingPending:
		return model.ShippingShipped
	case wechat.ShippingRefunded:
		return model.ShippingUnneeded
	}
	return model.ShippingQueued
}

// again reports whether a refusal goes away by waiting.
func again(c wechat.Class) bool {
	return c == wechat.ClassRetry || c == wechat.ClassToken || c == wechat.ClassQuota
}

// codeNotNow is the refusal of an order that cannot be shipped at the moment: given back, most likely.
const codeNotNow = 10060004

// carrierID finds WeChat's id of a carrier by the shop's words: the id itself, the name, or the only name that begins like it.
func carrierID(list []wechat.Carrier, words string) (id string, found bool) {
	words = strings.TrimSpace(words)
	if words == "" {
		return "", false
	}
	near := 0
	for _, c := range list {
		if strings.EqualFold(c.ID, words) || c.Name == words {
			return c.ID, true
		}
		if strings.HasPrefix(c.Name, words) || strings.HasPrefix(words, c.Name) {
			id, near = c.ID, near+1
		}
	}
	return id, near == 1
}

// describe bounds what the payer reads. WeChat refuses an empty one.
func describe(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if utf8.RuneCountInString(text) > maxDesc {
		text = string([]rune(text)[:maxDesc-1]) + "…"
	}
	if text == "" {
		return "商品"
	}
	return text
}
