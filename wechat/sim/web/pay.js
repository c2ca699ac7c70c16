'use strict';

// WeChat Pay for people: its faults, what was paid and given back, the bills and the keys.

const words = {
  NOTPAY: '待付款', SUCCESS: '成功', CLOSED: '已关闭', REFUND: '转入退款', PROCESSING: '处理中', ABNORMAL: '异常', FAIL: '未成功',
  pending: '未送出', retrying: '会重试', delivered: '已送达', failed: '失败', lost: '丢失',
};
const shipped = { 1: '待发货', 2: '已发货', 3: '已收货' };
const paths = { prepay: '/v3/pay/transactions/jsapi', order: '/v3/pay/transactions/out-trade-no/*', refund: '/v3/refund/domestic/refunds', bill: '/v3/bill/tradebill', upload: '/wxa/sec/order/upload_shipping_info' };
const faults = [
  ['通知怎么走', [
    ['duplicate', '同时送两份'], ['lost', '丢失'], ['delayed', '晚十分钟'], ['reordered', '退款通知抢先'],
  ]],
  ['通知被动手脚', [
    ['tampered_signature', '签名被改'], ['foreign_mchid', '别家商户'], ['foreign_appid', '别的应用'], ['amount_mismatch', '多一分钱'], ['signtest', '验签探测'],
    ['wrong_serial', '不认识的序列号'], ['expired_timestamp', '十分钟前的时间戳'], ['malformed_ciphertext', '密文打不开'],
  ]],
  ['下单与关单', [
    ['timeout_after', '下单成功但不应答', paths.prepay], ['no_prepay_id', '应答没有 prepay_id', paths.prepay], ['pay_first', '关单时顾客抢先付款', paths.order], ['bad_signature', '应答签名不对', paths.order],
  ]],
  ['退款、账单与发货', [
    ['timeout_after', '退款受理但不应答', paths.refund], ['error', '余额不足', paths.refund, { status: 403, code: 'NOT_ENOUGH', message: '基本账户余额不足' }],
    ['bad_bill_hash', '账单摘要不符', paths.bill], ['timeout_after', '发货上传成功但不应答', paths.upload], ['busy', '发货接口繁忙', paths.upload],
  ]],
  ['任何支付接口', [['bad_gateway', '502'], ['busy', '系统繁忙'], ['quota', '频率超限'], ['reset', '连接被断开']]],
];
const serials = [['public_key', '微信支付公钥'], ['certificate', '平台证书'], ['both', '轮流']];
let times = 1; // how often the next fault strikes
let billDay = '';

function group(id, options, chosen, choose) {
  if (same($(id), [options, chosen])) return;
  $(id).replaceChildren(...options.map(([value, text]) => {
    const button = el('button', { type: 'button', textContent: text });
    button.setAttribute('aria-pressed', String(value === chosen));
    button.onclick = () => choose(value, button);
    return button;
  }));
}

function showAgain() {
  group('again', [[1, '一次'], [5, '五次'], [-1, '一直']], times, (value) => { times = value; showAgain(); });
}

function drawFaultKinds() {
  $('kinds').replaceChildren(...faults.map(([title, list]) => el('div', {}, el('h3', { textContent: title }), el('div', { className: 'row' },
    ...list.map(([kind, text, endpoint, more]) => {
      const button = el('button', { type: 'button', textContent: text });
      const app = endpoint === paths.upload ? 'mini' : 'pay';
      button.onclick = () => act(button, () => api('POST', '/faults', { kind, app, endpoint, times, ...more }));
      return button;
    })))));
}

// nameOf finds what a fault is called on this page.
function nameOf(f) {
  const all = faults.flatMap(([, list]) => list).filter(([kind]) => kind === f.kind);
  const found = all.find(([, , endpoint]) => (endpoint || '') === (f.endpoint || '')) || all[0];
  return found ? found[1] : f.kind;
}

function showFaults(list) {
  if (same($('faults'), list)) return;
  $('faults').replaceChildren(...list.map((f) => {
    const off = el('button', { type: 'button', className: 'plain', textContent: '撤销' });
    off.onclick = () => act(off, () => api('DELETE', '/faults/' + f.id));
    const often = f.times === -1 ? '一直' : (f.times || 1) + ' 次';
    return el('li', {}, el('span', { className: 'who' }, el('b', { textContent: nameOf(f) }),
      el('small', { textContent: '发生 ' + often + '，已触发 ' + f.struck + ' 次' + (f.endpoint ? ' · ' + f.endpoint : '') })), off);
  }));
}

function item(title, small, ...buttons) {
  return el('li', {}, el('span', { className: 'who' }, el('b', { textContent: title }), el('small', { textContent: small })), el('span', { className: 'row' }, ...buttons));
}

function does(text, plain, work) {
  const button = el('button', { type: 'button', textContent: text, className: plain ? 'plain' : '' });
  button.onclick = () => act(button, work);
  return button;
}

function showOrders(list) {
  if (same($('orders'), list)) return;
  $('orders').replaceChildren(...list.slice(0, 60).map((o) => {
    const pay = (outcome) => () => api('POST', '/users/' + o.user + '/pay', { prepay_id: o.prepay_id, unsigned: true, outcome });
    const state = words[o.state] + (o.refunded ? ' · 已退 ' + yuan(o.refunded) : '') + (shipped[o.shipping_state] ? ' · ' + shipped[o.shipping_state] : '');
    return item(yuan(o.total) + ' ' + o.description, state + ' · ' + o.out_trade_no,
      ...(o.payable ? [does('付款', false, pay('success')), does('取消', true, pay('cancel')), does('余额不足', true, pay('fail'))] : []));
  }));
  if (!list.length) $('orders').append(el('li', { className: 'none', textContent: '还没有订单' }));
}

function showRefunds(list) {
  if (same($('refunds'), list)) return;
  $('refunds').replaceChildren(...list.slice().reverse().slice(0, 60).map((r) => {
    const end = (status) => () => api('POST', '/refunds/' + encodeURIComponent(r.out_refund_no) + '/result', { status });
    return item('退 ' + yuan(r.amount.refund) + ' / ' + yuan(r.amount.total), words[r.status] + ' · ' + r.out_refund_no,
      ...(r.status === 'PROCESSING' ? [does('成功', false, end('SUCCESS')), does('异常', true, end('ABNORMAL')), does('关闭', true, end('CLOSED'))] : []));
  }));
  if (!list.length) $('refunds').append(el('li', { className: 'none', textContent: '还没有退款' }));
}

function showDeliveries(list) {
  const mine = list.filter((d) => d.app === 'pay').slice(0, 40);
  if (same($('deliveries'), mine)) return;
  $('deliveries').replaceChildren(...mine.map((d) => {
    const last = d.attempts[d.attempts.length - 1];
    const small = [words[d.state], d.attempts.length + ' 次', last && (last.status ? 'HTTP ' + last.status : last.error), last && last.fault && '故障 ' + last.fault, d.next_at && '下次 ' + dayText(d.next_at), d.problem];
    return item((d.event.startsWith('REFUND') ? '退款' : '付款') + ' ' + d.subject, small.filter(Boolean).join(' · '));
  }));
  if (!mine.length) $('deliveries').append(el('li', { className: 'none', textContent: '还没有通知' }));
}

function showSettings(s, accounts) {
  group('serials', serials, s.notify_serial, (value, button) => act(button, () => api('POST', '/settings', { notify_serial: value })));
  $('keynote').textContent = '公钥 ' + accounts.platform.public_key_id + '　证书 ' + accounts.platform.certificate_serial;
  $('byhand').checked = s.refund_delay_ms === -1;
  $('managed').checked = !s.trade_unmanaged;
  $('lags').checked = s.shipping_lag_ms > 0;
}

async function showBill() {
  if (!billDay) return;
  const bill = await api('GET', '/bills/' + billDay);
  if (same($('bill'), bill)) return;
  $('foreign').hidden = false;
  const spoil = (body) => api('POST', '/bills/' + billDay + '/changes', body);
  $('billnote').textContent = (bill.ready ? '商户现在可以下载' : '次日 10:00 起可下载') + '，' + bill.lines.length + ' 行' + (bill.changes.length ? '，被改动 ' + bill.changes.length + ' 处' : '');
  $('bill').hidden = !bill.lines.length;
  $('bill').replaceChildren(
    el('thead', {}, el('tr', {}, ...['时间', '类型'].map((t) => el('th', { textContent: t })), el('th', { className: 'num', textContent: '金额' }), ...['状态', '动手脚', '商户单号'].map((t) => el('th', { textContent: t })))),
    el('tbody', {}, ...bill.lines.map((l) => {
      const refund = Boolean(l.out_refund_no), number = l.out_refund_no || l.out_trade_no, fen = refund ? l.refund : l.total;
      return el('tr', {}, el('td', { textContent: clockText(l.at) }), el('td', { textContent: refund ? '退款' : '收款' }),
        el('td', { className: 'num', textContent: yuan(fen) }), el('td', { textContent: refund ? words[l.status] : '成功' }),
        el('td', {}, does('漏掉', false, () => spoil({ act: 'drop', number })), does('多一分', false, () => spoil({ act: 'amount', number, fen: fen + 1 })),
          refund ? does('改成功', false, () => spoil({ act: 'status', number, status: 'SUCCESS' })) : null), el('td', { textContent: number }));
    })));
}

let refreshing = null;
function refresh() {
  refreshing = (refreshing || Promise.resolve()).then(load).catch(() => { $('clock').textContent = '模拟器没有应答'; });
  return refreshing;
}

async function load() {
  const [clock, set, list, back, sent, settings, accounts] = await Promise.all(
    ['/clock', '/faults', '/orders', '/refunds', '/deliveries?limit=200', '/settings', '/accounts'].map((path) => api('GET', path)));
  $('clock').textContent = '微信时间 ' + new Date(clock.now).toLocaleString('zh-CN', { hour12: false, timeZone: 'Asia/Shanghai' });
  if (!billDay) {
    billDay = new Date(new Date(clock.now).getTime() - 24 * 3600 * 1000).toLocaleDateString('sv-SE', { timeZone: 'Asia/Shanghai' }); // the latest that can be there
    $('day').elements.day.value = billDay;
  }
  showFaults(set.faults);
  showOrders(list.orders);
  showRefunds(back.refunds);
  showDeliveries(sent.deliveries);
  showSettings(settings, accounts);
  await showBill();
}

$('byhand').onchange = (ev) => act(null, () => api('POST', '/settings', { refund_delay_ms: ev.target.checked ? -1 : 2000 }));
$('managed').onchange = (ev) => act(null, () => api('POST', '/settings', { trade_unmanaged: !ev.target.checked }));
$('lags').onchange = (ev) => act(null, () => api('POST', '/settings', { shipping_lag_ms: ev.target.checked ? 10000 : 0 }));
$('rotate').onclick = () => act($('rotate'), () => api('POST', '/certificates/rotate'));
$('restore').onclick = () => act($('restore'), () => api('DELETE', '/bills/' + billDay + '/changes'));
$('day').addEventListener('submit', (ev) => { ev.preventDefault(); billDay = ev.target.elements.day.value; refresh(); });
onForm('foreign', (data) => api('POST', '/bills/' + billDay + '/changes', { act: 'foreign', number: data.number, fen: Math.round(Number(data.yuan) * 100) }));

drawFaultKinds();
showAgain();
refresh();
setInterval(() => { if (!document.hidden) refresh(); }, 2000);
