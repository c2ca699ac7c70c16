// Package sim is a WeChat that runs on this machine and speaks WeChat's HTTP.
//
// It owns the platform's side of what the product uses: login and phone codes, access
// tokens, scene QR codes, template and customer-service messages, shipping
// information, payments and refunds of pay v3, the encrypted pushes and signed
// notifications that follow, and the phones of made-up customers. It does not own the
// product's side: it imports no other package of this module, and its cryptography is
// written for it alone and checked at every start against published examples
// (selftest_vectors.json). Product and simulator must not share one wrong
// implementation.
//
// # Clock
//
// Every expiry, quota and retry follows Config.Now. Work that comes due while the
// clock runs is sent at once; after a jump, everything that became due is sent one by
// one in the order of its due time. Only socket time-outs (5 s for a push, as on the
// platform) and the latency of faults are real time.
//
// With Config.Travel people may move the clock, forward only. Who travels asks Soonest
// for the next instant at which something is due here, moves the clock there, and calls
// Settle, which returns when all of that is sent and answered.
//
// # Identity
//
// AppIDs begin with "wxsim-", which no real one does. Secrets and keys come from
// crypto/rand at the first start and are kept in Config.StateDir (mode 0600) when
// given. Ids, tokens and nonces come from Config.Seed and the number of starts.
//
// # Where pushes go
//
// Pushes of the accounts go to the push base. Payment notifications go to their
// notify_url when that is a loopback address, else to the push base under the same
// path: this program calls nobody else.
//
// Pushes are repeated up to 3 times, 5 s apart, byte for byte. A reply that is neither
// empty nor `success` must be a proper passive reply, encrypted in safe mode; otherwise
// the customer reads 该公众号暂时无法提供服务. Notifications are signed anew at every send and
// repeated 15 times over 24 h 4 min until the status is 200 or 204.
//
// # Control API
//
// JSON under /_sim, on a port of its own. POST bodies are objects; unknown fields are
// refused; an empty body is {}. {user} is an id (u1), an openid, the unionid or the
// phone number. Errors are {"error":code,"message":text} with 400, 404, 409 or 422.
// Acts that WeChat tells the product about answer when the first try of their push has
// an outcome, or after ?wait_ms= (6000 by default, 15000 at most), with
// {"delivery":{id,state,attempts,problem…},"replies":[messages shown on the phone]}.
//
//	GET    /_sim                            index of routes and fault kinds
//	GET    /_sim/accounts                   appids, merchant, templates; no secrets
//	POST   /_sim/users                      {nickname?, phone?} → user with unionid, oa_openid, mini_openid
//	GET    /_sim/users                      {users}
//	GET    /_sim/users/{user}               user
//	POST   /_sim/users/{user}/traits        {blocked?, unreachable?, risky?}: refuses template messages; messages fail after they were taken; code2session answers 40226
//	POST   /_sim/users/{user}/login         → {js_code, expires_in}
//	POST   /_sim/users/{user}/phone         {phone?} → {code, expires_in}
//	POST   /_sim/users/{user}/authorize     {url} of 网页授权, /connect/oauth2/authorize?appid&redirect_uri&response_type&scope&state → {code, location, scope}
//	POST   /_sim/users/{user}/follow        {ticket?, scene?} → push `subscribe`
//	POST   /_sim/users/{user}/unfollow      → push `unsubscribe`
//	POST   /_sim/users/{user}/scan          {ticket}: ticket, scene, address or picture link → push `subscribe` with qrscene_…, or `SCAN` of a follower
//	POST   /_sim/users/{user}/send_text     {content, app?: oa|mini} → push `text`
//	POST   /_sim/users/{user}/click         {key} → push `CLICK`
//	GET    /_sim/menu                       {button}: the menu of the 服务号
//	POST   /_sim/users/{user}/menu          {at: [button, entry?]}, counted from 0 → push CLICK, VIEW or view_miniprogram
//	GET    /_sim/users/{user}/subscriptions {subscriptions}: templates of subscribe messages with what is left of each
//	POST   /_sim/users/{user}/subscribe     {app?: mini|oa, choices: [{template: id or name, accept}], scene?} → push subscribe_msg_popup_event
//	POST   /_sim/users/{user}/unsubscribe   {app?, template} → push subscribe_msg_change_event
//	POST   /_sim/users/{user}/open          {url} of a mini-program code or link → {page, query, scene, env}
//	POST   /_sim/users/{user}/enter_session {from?} → push user_enter_tempsession
//	POST   /_sim/users/{user}/push          {app?, event, fields?: {name: text}} → any event, known to the product or not
//	POST   /_sim/sms                        {phone, from?, text} → {received}: a text message on the phone with that number
//	GET    /_sim/doors                      {doors}: mini-program codes and links, newest first
//	POST   /_sim/users/{user}/pay           {appId, timeStamp, nonceStr, package, signType, paySign, outcome?: success|cancel|fail}
//	                                        → {errMsg, order, delivery} or 422 pay_sign_invalid, 409 …; without parameters
//	                                        {prepay_id, unsigned:true} pays unchecked
//	GET    /_sim/users/{user}/inbox         ?after=seq → {user, messages}
//	GET    /_sim/qrcodes                    {qrcodes}: unexpired, newest first
//	GET    /_sim/orders                     ?user= → {orders}, newest first
//	GET    /_sim/refunds                    {refunds}
//	POST   /_sim/refunds/{out_refund_no}/result  {status: SUCCESS|ABNORMAL|CLOSED} → {refund, delivery?}
//	GET    /_sim/bills/{day}                {day, ready, lines, changes}: what a day's bill says or will say
//	POST   /_sim/bills/{day}/changes        {act: drop|amount|status|foreign, number, fen?, status?} spoils it; DELETE takes that back
//	POST   /_sim/certificates/rotate        a new platform certificate; the old one still verifies
//	GET    /_sim/deliveries                 ?limit= → {deliveries}, newest first
//	GET    /_sim/deliveries/{id}            one, waiting for its first try
//	POST   /_sim/verify_url                 {app} → {verified, status}: the console's GET with echostr
//	GET    /_sim/journal                    ?after=seq&limit=&app= → {entries}, secrets and phone numbers blotted out
//	GET    /_sim/faults                     {faults}
//	POST   /_sim/faults                     Fault → with id; see Fault for kinds and matching
//	DELETE /_sim/faults, /_sim/faults/{id}  remove
//	GET    /_sim/settings                   Settings
//	POST   /_sim/settings                   fields to change → Settings
//	POST   /_sim/templates                  {for?: template|oa_subscribe|mini_subscribe, name?, title, fields:[{key,label,enum?}]} → template with id
//	GET    /_sim/clock                      {now, movable, travelling, journey?}: the journey under way, or the last
//	POST   /_sim/clock                      {advance_ms} or {to}: forward, at most 400 days at once; needs Config.Travel; answers at the end
//	                                        of the journey or after ?wait_ms=
//	POST   /_sim/reset                      forget all but accounts and settings
//
// # What is not simulated
//
// The page on which a customer agrees to 网页授权 (POST authorize stands for it), conditional menus, media, request ids (rid/get), bills other than the trade bill of all lines, profit sharing, auto-renewal and virtual payment.
package sim
