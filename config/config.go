package config

import "time"

// Config is every setting of `huitou serve`.
type Config struct {
	// Environment is "production" or "development". Only development may talk to a WeChat simulator.
	Environment string `koanf:"environment"`

	HTTP      HTTP       `koanf:"http"`
	Database  Database   `koanf:"database"`
	Redis     Redis      `koanf:"redis"`
	Privacy   Privacy    `koanf:"privacy"`
	OA        Account    `koanf:"oa"`
	Mini      Account    `koanf:"mini"`
	Pay       Pay        `koanf:"pay"`
	WeChat    WeChat     `koanf:"wechat"`
	Ingest    Ingest     `koanf:"ingest"`
	Points    Points     `koanf:"points"`
	Templates []Template `koanf:"templates"`
	Messages  Messages   `koanf:"messages"`
	SMS       SMS        `koanf:"sms"`
	QRCodes   QRCodes    `koanf:"qrcodes"`
	Shop      Shop       `koanf:"shop"`
	Replies   Replies    `koanf:"replies"`
	Menu      []Button   `koanf:"menu"`
	Log       Log        `koanf:"log"`
}

// QRCodes says how codes of stores, staff and campaigns are made.
type QRCodes struct {
	// Permanent is how many permanent codes the official account may make: less than WeChat's 100,000 where another program makes some too.
	Permanent int64 `koanf:"permanent"`
	// MiniPage is the page of the mini-program that a scan of its picture opens, without a slash in front; empty is the first page.
	MiniPage string `koanf:"mini_page"`
	// MiniVersion is release, trial or develop.
	MiniVersion string `koanf:"mini_version"`
	// MiniUnpublished lets pictures lead to a page that is not published yet.
	MiniUnpublished bool `koanf:"mini_unpublished"`
}

// Shop is what people call it.
type Shop struct {
	// Name stands for {shop} in replies; empty means 本店.
	Name string `koanf:"name"`
}

// Replies are what people see at once in the official account's chat. What they say is edited by staff.
type Replies struct {
	// LinkHosts are hosts beside that of http.public_url to which replies may lead: "m.shop.example.com".
	LinkHosts []string `koanf:"link_hosts"`
}

// Button is one entry of the official account's menu. `huitou menu push` gives the menu to WeChat.
type Button struct {
	Name string `koanf:"name"`
	// Type is click (Key is answered by a reply), view (URL opens), miniprogram (Page of AppID opens, on old phones URL), or empty for a
	// button that opens Buttons.
	Type    string   `koanf:"type"`
	Key     string   `koanf:"key"`
	URL     string   `koanf:"url"`
	AppID   string   `koanf:"app_id"`
	Page    string   `koanf:"page"`
	Buttons []Button `koanf:"buttons"`
}

// HTTP says where the program listens and what others call it.
type HTTP struct {
	// Addr serves shoppers, staff, shop systems and callbacks; behind the reverse proxy.
	Addr string `koanf:"addr"`
	// OpsAddr serves health and metrics; loopback or a private network.
	OpsAddr string `koanf:"ops_addr"`
	// PublicURL is the address of Addr as WeChat reaches it, "https://shop.example.com".
	PublicURL string `koanf:"public_url"`
	// TrustedProxies are the networks (CIDR) whose X-Forwarded-For is believed.
	TrustedProxies []string `koanf:"trusted_proxies"`
}

// Database is MySQL, MariaDB or TiDB.
type Database struct {
	DSN     Secret `koanf:"dsn"`
	MaxOpen int    `koanf:"max_open"`
}

// Redis holds hints. Addrs with more than one entry is a cluster, with MasterName a set of Sentinels.
type Redis struct {
	Addrs      []string `koanf:"addrs"`
	Username   string   `koanf:"username"`
	Password   Secret   `koanf:"password"`
	MasterName string   `koanf:"master_name"`
	TLS        bool     `koanf:"tls"`
}

// Privacy holds the key of personal data.
type Privacy struct {
	// PhoneKey encrypts phone numbers: 32 bytes as 64 hex digits. Losing it loses the numbers.
	PhoneKey Secret `koanf:"phone_key"`
}

// Account is an official account or a mini-program.
type Account struct {
	AppID  string `koanf:"app_id"`
	Secret Secret `koanf:"secret"`
	// Token and AESKey are those of the callback ("message push") settings.
	Token          Secret `koanf:"token"`
	AESKey         Secret `koanf:"aes_key"`
	PreviousAESKey Secret `koanf:"previous_aes_key"`
	// Mode is "safe", "compatible" or "plain", as set with WeChat.
	Mode string `koanf:"mode"`
	// Format is "xml" or "json", as set with WeChat.
	Format string `koanf:"format"`
}

// Pay is the merchant's account with WeChat Pay, API v3.
type Pay struct {
	// Mode says with what WeChat Pay signs: public_key (new merchants have nothing else), certificate (its platform certificates, which are
	// fetched) or both (while a merchant moves from the second to the first).
	Mode string `koanf:"mode"`

	MchID          string `koanf:"mch_id"`
	SerialNo       string `koanf:"serial_no"`
	PrivateKeyFile string `koanf:"private_key_file"`
	APIv3Key       Secret `koanf:"api_v3_key"`
	PublicKeyID    string `koanf:"public_key_id"`
	PublicKeyFile  string `koanf:"public_key_file"`

	// RefundAloneFen is how much one member of staff may give back on one day without a second person, in fen, 1 to 100000000.
	RefundAloneFen int64 `koanf:"refund_alone_fen"`

	// Virtual is the mini-program's virtual payment, which WeChat wants for rights that exist online only. Without an offer id it is off.
	Virtual Virtual `koanf:"virtual"`
}

// Virtual is the account for virtual payment, as the console of the mini-program shows it.
type Virtual struct {
	OfferID string `koanf:"offer_id"`
	// AppKey is that of the environment: production and sandbox have one each.
	AppKey  Secret `koanf:"app_key"`
	Sandbox bool   `koanf:"sandbox"`
}

// WeChat says where WeChat is.
type WeChat struct {
	// Simulator is the address of `huitou sim`; empty means WeChat itself. Development only.
	Simulator string `koanf:"simulator"`
}

// Ingest holds the keys with which shop systems sign.
type Ingest struct {
	Keys []IngestKey `koanf:"keys"`
}

// IngestKey is one shop system.
type IngestKey struct {
	ID     string `koanf:"id"`
	Source string `koanf:"source"`
	Secret Secret `koanf:"secret"`
}

// Points are the shop's rules for earning.
type Points struct {
	// PerYuan is the points earned for one yuan of paid goods, 0 to 1000.
	PerYuan int64 `koanf:"per_yuan"`
	// Pending says what earned points wait for: days (pending_days, at once with 0) or completed (the shop completes the order).
	Pending string `koanf:"pending"`
	// PendingDays is how many whole business days earned points wait for the return window to end; 0 means not at all.
	PendingDays int `koanf:"pending_days"`
	// Expiry is how long points live from when they become active: never, days:365, months:12, month_end:0 (of the month so many
	// months later), year_end:1 (of the year so many years later) or date:2027-03-31 (and each anniversary).
	Expiry string `koanf:"expiry"`
	// AdjustLimit is how many points one correction by staff may move, AdjustDaily how many those of one person on one day, and above
	// AdjustAlone a second person must approve; 1 to 1000000000 each.
	AdjustLimit int64 `koanf:"adjust_limit"`
	AdjustDaily int64 `koanf:"adjust_daily"`
	AdjustAlone int64 `koanf:"adjust_alone"`
	// Clawback says what happens to points of a refunded order that the member has spent: allow_debt (what he earns next pays for them),
	// up_to_balance (what he has is taken) or pending_only (only what was not spendable yet is taken).
	Clawback string `koanf:"clawback"`
	// CostFenPerHundred is what a hundred points cost the shop, in fen, 0 to 10000; for forecasts and the liability.
	CostFenPerHundred int64 `koanf:"cost_fen_per_hundred"`
}

// Template joins one of our messages with the platforms' templates. ID, Fields and Cut are those of the template message of the
// official account; the other channels have their own.
type Template struct {
	// Name is ours: "visit1", "membership.activated".
	Name string `koanf:"name"`
	// Purpose is service, care or marketing; empty means service.
	Purpose string `koanf:"purpose"`
	// Channels are tried in this order: oa_template, oa_subscribe, mini_subscribe, customer_service, sms. Empty means those that are set
	// up, in this order.
	Channels []string `koanf:"channels"`
	// ID is the template's at WeChat.
	ID string `koanf:"id"`
	// Fields maps the template's keys to our words: character_string1: order.
	Fields map[string]string `koanf:"fields"`
	// Cut lists the keys whose values may be cut when they are too long.
	Cut []string `koanf:"cut"`

	OASubscribe     Form `koanf:"oa_subscribe"`
	MiniSubscribe   Form `koanf:"mini_subscribe"`
	CustomerService Form `koanf:"customer_service"`
	SMS             Form `koanf:"sms"`
}

// Form is the wording of a message for one channel.
type Form struct {
	ID     string            `koanf:"id"`
	Fields map[string]string `koanf:"fields"`
	Cut    []string          `koanf:"cut"`
	// Text is of customer service, with our words in braces: "您的订单{number}已签收".
	Text string `koanf:"text"`
	// Page opens on a tap of a subscribe message.
	Page string `koanf:"page"`
}

// Messages are the shop's own limits on what members get.
type Messages struct {
	// QuietFrom and QuietTo, "22:00" and "08:00" in Shanghai, bound the hours in which care and marketing wait; equal ones mean none.
	QuietFrom string `koanf:"quiet_from"`
	QuietTo   string `koanf:"quiet_to"`
	// CareDay and CareWeek are how many messages of care a member may get on a day and in seven days, and so on; 0 means any number.
	CareDay       int64 `koanf:"care_day"`
	CareWeek      int64 `koanf:"care_week"`
	MarketingDay  int64 `koanf:"marketing_day"`
	MarketingWeek int64 `koanf:"marketing_week"`
	TogetherDay   int64 `koanf:"together_day"`
	TogetherWeek  int64 `koanf:"together_week"`
}

// SMS is the provider of text messages.
type SMS struct {
	// Provider is tencent, file (development only: texts are written to File) or empty: no texts are sent.
	Provider string `koanf:"provider"`
	File     string `koanf:"file"`
	// SecretID and SecretKey are of a sub-account that may send texts only.
	SecretID  string `koanf:"secret_id"`
	SecretKey Secret `koanf:"secret_key"`
	// AppID is the SmsSdkAppId, Sign the approved signature without brackets.
	AppID  string `koanf:"app_id"`
	Sign   string `koanf:"sign"`
	Region string `koanf:"region"`
}

// Log says how much to write and how.
type Log struct {
	// Level is debug, info, warn or error.
	Level string `koanf:"level"`
	// Format is json or text.
	Format string `koanf:"format"`
}

// defaults are the settings that need not be given.
func defaults() map[string]any {
	return map[string]any{
		"environment":                 "production",
		"http.addr":                   "127.0.0.1:8080",
		"http.ops_addr":               "127.0.0.1:8081",
		"database.max_open":           32,
		"oa.mode":                     "safe",
		"oa.format":                   "xml",
		"mini.mode":                   "safe",
		"mini.format":                 "json",
		"pay.mode":                    "public_key",
		"pay.refund_alone_fen":        50_000,
		"points.per_yuan":             1,
		"points.pending_days":         0,
		"points.pending":              "days",
		"points.expiry":               "days:365",
		"points.adjust_limit":         10_000,
		"points.adjust_daily":         50_000,
		"points.adjust_alone":         1_000,
		"points.clawback":             "allow_debt",
		"points.cost_fen_per_hundred": 100,
		"messages.quiet_from":         "22:00",
		"messages.quiet_to":           "08:00",
		"messages.care_day":           2,
		"messages.care_week":          5,
		"messages.marketing_day":      1,
		"messages.marketing_week":     2,
		"messages.together_day":       2,
		"messages.together_week":      5,
		"qrcodes.permanent":           100_000,
		"qrcodes.mini_version":        "release",
		"sms.region":                  "ap-guangzhou",
		"log.level":                   "info",
		"log.format":                  "json",
	}
}

// ShutdownGrace is how long a stopping program drains requests and jobs.
const ShutdownGrace = 20 * time.Second
