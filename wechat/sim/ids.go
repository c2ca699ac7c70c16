package sim

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// ids makes the identifiers and nonces this WeChat hands out, repeatable by seed.
// Callers hold Sim.mu, which also fixes their order.
type ids struct {
	rng    *rand.ChaCha8
	serial uint64
}

// newIDs mixes the number of starts into the seed: a simulator restarted on kept
// accounts must not hand out an openid or transaction id it used before.
func newIDs(seed, boots uint64) *ids {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:8], seed)
	binary.BigEndian.PutUint64(key[8:16], boots)
	copy(key[16:], "huitou wechatsim")
	return &ids{rng: rand.NewChaCha8(key), serial: boots * 1_000_000}
}

func (g *ids) bytes(n int) []byte {
	b := make([]byte, n)
	g.rng.Read(b)
	return b
}

func (g *ids) hex(n int) string { return hex.EncodeToString(g.bytes((n + 1) / 2))[:n] }

func (g *ids) digits(n int) string {
	b := g.bytes(n)
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}

// word is n characters of [0-9A-Za-z_-].
func (g *ids) word(n int) string {
	return base64.RawURLEncoding.EncodeToString(g.bytes(n))[:n]
}

func (g *ids) random16() [16]byte { return [16]byte(g.bytes(16)) }

// openID has the 28 characters of a real one; the letters after o tell the app.
func (g *ids) openID(kind appKind) string {
	tag := map[appKind]string{kindOA: "oSimA", kindMini: "oSimM"}[kind]
	return tag + g.word(28-len(tag))
}

func (g *ids) unionID() string { return "oSimU" + g.word(23) }

// ticket looks like a QR ticket, with the + / = that break an unescaped URL.
func (g *ids) ticket() string {
	return "gQ+/" + base64.StdEncoding.EncodeToString(g.bytes(61))
}

// msgID is a 64-bit number above 2^53, so that a float in the product shows.
func (g *ids) msgID() uint64 {
	g.serial++
	return 3_600_000_000_000_000_000 + g.serial*1_000 + uint64(g.rng.Uint64()%1_000)
}

func (g *ids) prepayID(now time.Time) string {
	return "wx" + now.In(china).Format("20060102150405") + g.hex(20)
}

func (g *ids) transactionID(now time.Time) string {
	g.serial++
	return "4200" + g.digits(6) + now.In(china).Format("20060102") + fmt.Sprintf("%010d", g.serial%10_000_000_000)
}

func (g *ids) refundID(now time.Time) string {
	g.serial++
	return "5030" + g.digits(7) + now.In(china).Format("20060102") + fmt.Sprintf("%010d", g.serial%10_000_000_000)
}

// rid is the request id at the end of every errmsg.
func (g *ids) rid(now time.Time) string {
	return fmt.Sprintf("%08x-%s-%s", uint32(now.Unix()), g.hex(8), g.hex(8))
}

func (g *ids) uuid() string {
	h := g.hex(32)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// china is the zone of every time WeChat writes.
var china = time.FixedZone("CST", 8*60*60)

func chinaTime(t time.Time) string { return t.In(china).Format(time.RFC3339) }
