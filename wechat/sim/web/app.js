'use strict';

const apps = { oa: '公众号', mini: '小程序', pay: '微信支付', sms: '短信' };
let user = '';       // id of the chosen customer
let shownUser = '';  // whose chat is on the screen
let lastMessage = 0;
let lastAt = 0;      // when it came, for the time lines between
let lastEntry = 0;

function face(u) {
  return el('span', { className: 'face c' + (Number(u.id.slice(1)) % 6), textContent: [...u.nickname][0] });
}

function showPeople(users) {
  if (same($('people'), [users, user])) return;
  $('people').replaceChildren(...users.map((u) => {
    const button = el('button', { type: 'button' }, face(u), el('span', { className: 'who' },
      el('b', { textContent: u.nickname }), el('small', { textContent: u.phone + (u.followed ? ' · 已关注' : '') })));
    button.setAttribute('aria-pressed', String(u.id === user));
    button.onclick = () => { user = u.id; refresh(); };
    return el('li', {}, button);
  }));
  if (!users.length) $('people').append(el('li', { className: 'none', textContent: '还没有顾客，先添加一位' }));
}

function showCodes(codes) {
  if (same($('codes'), [codes.map((c) => [c.ticket, c.scans]), user])) return;
  $('codes').replaceChildren(...codes.slice(0, 20).map((c) => {
    const button = el('button', { type: 'button', textContent: '扫' });
    button.onclick = () => act(button, () => api('POST', '/users/' + user + '/scan', { ticket: c.ticket }));
    return el('li', {}, el('img', { src: '/qrcode?ticket=' + encodeURIComponent(c.ticket), alt: '二维码', loading: 'lazy' }),
      el('span', { className: 'who' }, el('b', { textContent: c.scene }), el('small', { textContent: (c.permanent ? '永久' : dayText(c.expires_at) + ' 前有效') + ' · 扫过 ' + c.scans + ' 次' })), button);
  }));
  if (!codes.length) $('codes').append(el('li', { className: 'none', textContent: '店家还没有做过二维码' }));
}

function showOrders(orders) {
  const open = orders.filter((o) => o.payable);
  if (same($('orders'), open)) return;
  $('orders').replaceChildren(...open.map((o) => {
    const pay = el('button', { type: 'button', textContent: '付款' });
    pay.onclick = () => act(pay, () => api('POST', '/users/' + o.user + '/pay', { prepay_id: o.prepay_id, unsigned: true }));
    return el('li', {}, el('span', { className: 'who' }, el('b', { textContent: yuan(o.total) + ' ' + o.description }), el('small', { textContent: o.out_trade_no })), pay);
  }));
  if (!open.length) $('orders').append(el('li', { className: 'none', textContent: '没有等这位顾客付的款' }));
}

function drawMessage(m) {
  const from = apps[m.app];
  if (m.kind === 'event') return el('div', { className: 'event', textContent: '你' + m.text + (m.url ? ' ' + m.url : '') });
  if (m.kind === 'notice') return el('div', { className: 'sys', textContent: m.text });
  if (m.kind === 'template' || m.kind === 'subscribe' || m.kind === 'payment') {
    const slip = el('div', { className: 'slip' }, el('div', { className: 'from', textContent: from + (m.kind === 'subscribe' ? ' · 订阅消息' : '') }), el('b', { textContent: m.title }));
    if (m.kind === 'payment') slip.append(el('div', { className: 'big', textContent: m.text }));
    if (m.fields) slip.append(el('dl', {}, ...m.fields.flatMap((f) => [el('dt', { textContent: f.label }), el('dd', { textContent: f.value })])));
    if (m.url) slip.append(el('div', { className: 'link', textContent: '点开去往 ' + m.url }));
    return slip;
  }
  return el('div', { className: 'bubble' + (m.mine ? ' mine' : '') },
    m.mine ? null : el('div', { className: 'from', textContent: from + (m.kind === 'reply' ? '自动回复' : m.kind === 'custom' ? '客服' : m.kind === 'sms' && m.title ? ' · ' + m.title : '') }),
    el('div', { textContent: m.text }));
}

async function showPhone() {
  if (!user) return;
  if (shownUser !== user) {
    shownUser = user; lastMessage = 0; lastAt = 0;
    $('chat').replaceChildren();
  }
  const asked = user;
  const out = await api('GET', '/users/' + asked + '/inbox?after=' + lastMessage);
  if (asked !== shownUser) return; // another customer was chosen meanwhile
  $('bar').textContent = out.user.nickname + ' 的手机';
  $('follow').textContent = out.user.followed ? '取消关注' : '关注公众号';
  $('follow').className = out.user.followed ? 'plain' : '';
  $('follow').onclick = () => act($('follow'), () => api('POST', '/users/' + asked + (out.user.followed ? '/unfollow' : '/follow'), {}));
  for (const m of out.messages) {
    if (m.seq <= lastMessage) continue;
    lastMessage = m.seq;
    const at = new Date(m.at).getTime();
    if (!(Math.abs(at - lastAt) < 180000)) $('chat').append(el('time', { textContent: dayText(m.at) }));
    lastAt = at;
    $('chat').append(drawMessage(m));
  }
  if (out.messages.length) $('chat').scrollTop = $('chat').scrollHeight;
}

async function showJournal() {
  const { entries } = await api('GET', '/journal?limit=60&after=' + lastEntry);
  for (const e of entries) {
    if (e.seq <= lastEntry) continue;
    lastEntry = e.seq;
    const bad = e.status === 0 || e.status >= 400 || (e.code && e.code !== '0');
    const result = e.status === 0 ? (e.error || '无应答') : e.status + (e.code ? ' ' + e.code : '');
    const name = e.event ? e.event : e.url.split('?')[0];
    const parts = [e.method + ' ' + e.url, e.fault && '故障 ' + e.fault, e.error && '错误 ' + e.error, e.request && '请求 ' + e.request, e.response && '应答 ' + e.response];
    $('journal').prepend(el('li', {}, el('details', {},
      el('summary', {}, el('span', { textContent: clockText(e.at) }), el('span', { className: e.direction, textContent: e.direction === 'in' ? '→微信' : '微信→' }),
        el('span', { className: 'path', textContent: (apps[e.app] ? apps[e.app] + ' ' : '') + name }), el('span', { className: bad ? 'bad' : '', textContent: result })),
      el('pre', { textContent: parts.filter(Boolean).join('\n') }))));
  }
  while ($('journal').childNodes.length > 200) $('journal').lastChild.remove();
}

let refreshing = null;
function refresh() {
  refreshing = (refreshing || Promise.resolve()).then(load).catch(() => { $('clock').textContent = '模拟器没有应答'; });
  return refreshing;
}

async function load() {
  const [people, codes, clock] = await Promise.all([api('GET', '/users'), api('GET', '/qrcodes'), api('GET', '/clock')]);
  if (user && !people.users.some((u) => u.id === user)) { // reset meanwhile
    user = ''; shownUser = ''; lastEntry = 0;
    $('chat').replaceChildren(); $('journal').replaceChildren();
    $('bar').textContent = '请选择一位顾客';
  }
  if (!user && people.users.length) user = people.users[people.users.length - 1].id;
  showClock(clock);
  $('acts').hidden = $('mini').hidden = !user;
  showPeople(people.users);
  showCodes(codes.qrcodes);
  if (user) showOrders((await api('GET', '/orders?user=' + user)).orders);
  const chosen = people.users.find((u) => u.id === user);
  if (chosen) await actsOf(chosen);
  await showPhone();
  await showJournal();
}

onForm('create', async (data) => {
  const made = await api('POST', '/users', data);
  user = made.id;
  return made;
});
// A camera tells a code of the official account from one of the mini-program.
onForm('scan', (data) => api('POST', '/users/' + user + '/scan', data).catch((e) => enter(null, data.ticket).then((got) => { if (!got) throw e; return got; })));
onForm('say', (data) => {
  if (!user) throw new Error('请先选择一位顾客');
  return api('POST', '/users/' + user + '/send_text', data);
});
$('login').onclick = () => act($('login'), async () => { $('code').textContent = 'js_code ' + (await api('POST', '/users/' + user + '/login', {})).js_code; });
$('phone').onclick = () => act($('phone'), async () => { $('code').textContent = 'code ' + (await api('POST', '/users/' + user + '/phone', {})).code; });

// The other scripts are there when the page is.
addEventListener('DOMContentLoaded', refresh);
setInterval(() => { if (!document.hidden) refresh(); }, 2000);
