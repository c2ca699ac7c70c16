'use strict';

// What the simulator's pages share. Each page has a refresh of its own.

const $ = (id) => document.getElementById(id);

// el builds an element; text always goes in as text, never as markup.
function el(tag, props = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

function toast(text) {
  $('toast').textContent = text;
  $('toast').hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { $('toast').hidden = true; }, 3500);
}

async function api(method, path, body) {
  const resp = await fetch('/_sim' + path, {
    method, headers: body ? { 'Content-Type': 'application/json' } : {}, body: body ? JSON.stringify(body) : undefined,
  });
  const out = await resp.json();
  if (!resp.ok) throw new Error(out.message || out.error);
  return out;
}

// act runs a button's work once at a time and tells what became of it.
async function act(button, work) {
  if (button) button.disabled = true;
  try {
    const out = await work();
    const delivery = out && out.delivery;
    if (delivery && delivery.state !== 'delivered') toast('推送' + ({ retrying: '未成功，会重试', pending: '还没有结果', failed: '失败', lost: '丢失' }[delivery.state]) + (delivery.problem ? '：' + delivery.problem : ''));
    await refresh();
    return out;
  } catch (e) {
    toast(e.message);
  } finally {
    if (button) button.disabled = false;
  }
}

const clockText = (iso) => new Date(iso).toLocaleString('zh-CN', { hour12: false, timeZone: 'Asia/Shanghai', month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayText = (iso) => new Date(iso).toLocaleString('zh-CN', { hour12: false, timeZone: 'Asia/Shanghai', month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit' });
const yuan = (fen) => '¥' + (fen / 100).toFixed(2);

// same tells whether a list is as it was drawn, so that nothing flickers or loses focus.
function same(node, value) {
  const key = JSON.stringify(value);
  if (node.dataset.key === key) return true;
  node.dataset.key = key;
  return false;
}

function onForm(id, work) {
  $(id).addEventListener('submit', async (ev) => {
    ev.preventDefault();
    const form = ev.target;
    const data = Object.fromEntries([...new FormData(form)].filter(([, v]) => v.trim() !== ''));
    const out = await act(form.querySelector('button'), () => work(data));
    if (out) form.reset();
  });
}
