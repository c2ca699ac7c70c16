'use strict';

// The clock: where it stands, moving it, and what ran on the way.

const hour = 3600 * 1000, day = 24 * hour;
const moves = [['1 小时', hour], ['1 天', day], ['7 天', 7 * day], ['30 天', 30 * day]];
const kinds = [
  [/^wechat\.pushes$/, '微信推送与通知'], [/^callbacks\./, '处理微信推送'], [/^source\.messages\./, '发出消息'], [/^timetable\./, '定时任务'],
  [/>/, '随后发生的事'], [/^tags\./, '标签同步'], [/visit|aftersale/, '回访'], [/payment/, '支付'], [/coupon/, '优惠券'], [/point/, '积分'], [/membership/, '会员卡'],
];

const instant = (iso) => new Date(iso).toLocaleString('zh-CN', {
  hour12: false, timeZone: 'Asia/Shanghai', year: 'numeric', month: 'long', day: 'numeric', weekday: 'short', hour: '2-digit', minute: '2-digit',
});

function span(ms) {
  ms = Math.round(ms / 60000) * 60000;
  const days = Math.floor(ms / day), hours = Math.floor(ms % day / hour), minutes = Math.floor(ms % hour / 60000);
  return [days && days + ' 天', hours && hours + ' 小时', minutes && minutes + ' 分钟'].filter(Boolean).join(' ') || '片刻';
}

async function move(button, body) {
  await act(button, async () => {
    showClock(await api('POST', '/clock?wait_ms=300', body));
    watch();
  });
}

// watch follows a journey more closely than the page refreshes.
async function watch() {
  for (;;) {
    const clock = await api('GET', '/clock');
    showClock(clock);
    if (!clock.travelling) break;
    await new Promise((done) => setTimeout(done, 300));
  }
  await refresh();
}

function showClock(clock) {
  $('clock').textContent = '微信时间 ' + instant(clock.now);
  $('clockcard').hidden = !clock.movable;
  if (!clock.movable) return;
  $('time').textContent = instant(clock.now);
  for (const b of $('clockcard').querySelectorAll('button, input')) b.disabled = clock.travelling;
  showJourney(clock.journey, clock.travelling);
}

function showJourney(j, travelling) {
  $('progress').hidden = !travelling;
  $('journey').hidden = !j;
  if (!j) return;
  const whole = new Date(j.to) - new Date(j.from), gone = new Date(j.at) - new Date(j.from);
  $('progress').value = whole > 0 ? gone / whole : 1;
  const ran = j.ran.reduce((n, c) => n + c.times, 0);
  $('summary').textContent = (travelling ? '正在前进 ' + span(gone) + '，共 ' + span(whole) : '前进了 ' + span(gone)) +
    '：停了 ' + j.steps.toLocaleString() + ' 站，办了 ' + ran.toLocaleString() + ' 件事，用时 ' + (j.took_ms / 1000).toFixed(1) + ' 秒' + (j.problem ? '。' + j.problem : '');
  $('summary').className = j.problem ? 'bad' : '';
  if (same($('ran'), j.ran)) return;
  const routine = (c) => c.kind.startsWith('timetable.'); // what happened to people comes first
  $('ran').replaceChildren(...[...j.ran.filter((c) => !routine(c)), ...j.ran.filter(routine)].map((c) => {
    const known = kinds.find(([pattern]) => pattern.test(c.kind));
    return el('tr', {}, el('td', { textContent: known ? known[1] : '' }), el('td', { className: 'kind', textContent: c.kind }), el('td', { className: 'times', textContent: c.times.toLocaleString() }));
  }));
}

$('moves').append(...moves.map(([name, ms]) => {
  const button = el('button', { type: 'button', className: 'plain', textContent: '+ ' + name });
  button.onclick = () => move(button, { advance_ms: ms });
  return button;
}));
$('moveto').addEventListener('submit', (ev) => {
  ev.preventDefault();
  const at = new FormData(ev.target).get('to');
  if (at) move(null, { to: at + ':00+08:00' });
});
