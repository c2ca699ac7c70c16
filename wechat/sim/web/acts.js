'use strict';

// What a person does besides talking: the menu, subscribe messages, ways into the mini-program.

let shownMenu = -1; // the group that is open

function showMenu(buttons, followed) {
  $('menu').hidden = !buttons.length || !followed;
  if ($('menu').hidden) { shownMenu = -1; }
  if (same($('menu'), [buttons, shownMenu, user])) return;
  const tap = (button, at) => { shownMenu = -1; act(button, () => api('POST', '/users/' + user + '/menu', { at })); };
  $('menu').replaceChildren(...buttons.map((b, i) => {
    const open = shownMenu === i;
    const button = el('button', { type: 'button', textContent: (b.sub_button.length ? '☰ ' : '') + b.name });
    if (b.sub_button.length) button.setAttribute('aria-expanded', String(open));
    button.onclick = () => {
      if (!b.sub_button.length) return tap(button, [i]);
      shownMenu = open ? -1 : i;
      showMenu(buttons, followed);
    };
    const group = el('div', { className: 'group' }, ...(open ? b.sub_button : []).map((e, n) => {
      const entry = el('button', { type: 'button', textContent: e.name });
      entry.onclick = () => tap(entry, [i, n]);
      return entry;
    }));
    group.hidden = !open;
    return el('div', { className: 'top-entry' }, group, button);
  }));
}

function showSubscriptions(list) {
  if (same($('subscriptions'), [list, user])) return;
  $('subscriptions').replaceChildren(...list.map((s) => {
    const say = (name, path, body) => {
      const button = el('button', { type: 'button', className: 'plain', textContent: name });
      button.onclick = () => act(button, () => api('POST', '/users/' + user + path, body));
      return button;
    };
    const choose = (accept) => ({ app: s.app, choices: [{ template: s.template_id, accept }] });
    return el('li', {}, el('span', { className: 'who' }, el('b', { textContent: s.title }), el('small', { textContent: apps[s.app] + ' · 还可发 ' + s.credits + ' 次' })),
      el('span', { className: 'row' }, say('允许', '/subscribe', choose(true)), say('拒绝', '/subscribe', choose(false)),
        s.credits ? say('关闭', '/unsubscribe', { app: s.app, template: s.template_id }) : null));
  }));
}

const doorNames = { wxacode: '小程序码', urllink: 'URL Link', scheme: 'URL Scheme' };

function showDoors(doors) {
  if (same($('doors'), [doors.map((d) => [d.url, d.opened]), user])) return;
  $('doors').replaceChildren(...doors.slice(0, 20).map((d) => {
    const button = el('button', { type: 'button', textContent: '打开' });
    button.onclick = () => enter(button, d.url);
    const what = (d.page || '首页') + (d.scene ? ' · scene ' + d.scene : '') + (d.query ? ' · ' + d.query : '');
    return el('li', {}, d.kind === 'wxacode' ? el('img', { src: '/door?url=' + encodeURIComponent(d.url), alt: '小程序码', loading: 'lazy' }) : null,
      el('span', { className: 'who' }, el('b', { textContent: what, title: what }), el('small', { textContent: doorNames[d.kind] + ' · 打开过 ' + d.opened + ' 次' })), button);
  }));
  if (!doors.length) $('doors').append(el('li', { className: 'none', textContent: '店家还没有做过小程序码或链接' }));
}

function enter(button, url) {
  return act(button, async () => {
    const got = await api('POST', '/users/' + user + '/open', { url });
    $('code').textContent = '打开小程序 ' + (got.page || '首页') + (got.scene ? '  scene=' + got.scene : '') + (got.query ? '  ' + got.query : '');
    return got;
  });
}

const traits = [['blocked', '拒收模板消息'], ['unreachable', '消息送不到'], ['risky', '高风险用户']];

function showTraits(u) {
  if (same($('traits'), [u.id, ...traits.map(([key]) => u[key])])) return;
  $('traits').replaceChildren(...traits.map(([key, name]) => {
    const box = el('input', { type: 'checkbox', checked: u[key] });
    box.onchange = () => act(box, () => api('POST', '/users/' + u.id + '/traits', { [key]: box.checked }));
    return el('label', {}, box, name);
  }));
}

$('session').onclick = () => act($('session'), () => api('POST', '/users/' + user + '/enter_session', {}));
onForm('tomini', (data) => api('POST', '/users/' + user + '/send_text', { content: data.content, app: 'mini' }));

// actsOf draws all of it for the chosen person.
async function actsOf(u) {
  const [menu, subscriptions, doors] = await Promise.all([api('GET', '/menu'), api('GET', '/users/' + u.id + '/subscriptions'), api('GET', '/doors')]);
  if (u.id !== user) return; // another was chosen meanwhile
  showMenu(menu.button, u.followed);
  showSubscriptions(subscriptions.subscriptions);
  showDoors(doors.doors);
  showTraits(u);
}
