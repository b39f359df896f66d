//! What can be seen: contrasts of all texts, nothing wider than the page, as JavaScript that runs in it.

/// Texts whose contrast is below 4.5 to 1, each with what was measured.
pub const FAINT: &str = r#"(() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const over = (top, under) => ({
    r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a), b: top.b * top.a + under.b * (1 - top.a), a: 1,
  });
  const light = ({ r, g, b }) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    if (!node) return parse(matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(18,18,18)" : "rgb(255,255,255)");
    const own = parse(getComputedStyle(node).backgroundColor);
    return own.a === 1 ? own : over(own, ground(node.parentElement));
  };
  const faint = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walk.nextNode(); text; text = walk.nextNode()) {
    const node = text.parentElement;
    const box = node.getBoundingClientRect();
    if (!text.data.trim() || !node.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || box.width < 2 || box.height < 2) continue;
    const back = ground(node);
    const [a, b] = [light(over(parse(getComputedStyle(node).color), back)), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${text.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return faint;
})()"#;

/// Whether something is wider than the page.
pub const OVERFLOWS: &str = "document.documentElement.scrollWidth > document.documentElement.clientWidth";

/// Fields and buttons that a screen reader cannot name.
pub const NAMELESS: &str = r#"[...document.querySelectorAll("button, input, select, textarea, a[href]")]
  .filter((node) => node.checkVisibility({ visibilityProperty: true }))
  .filter((node) => !(node.getAttribute("aria-label") || node.innerText?.trim() || node.labels?.length))
  .map((node) => node.outerHTML.slice(0, 80))"#;

/// Fields whose letters are so small that a phone zooms in on them.
pub const ZOOMED: &str = r#"[...document.querySelectorAll("input, select, textarea")]
  .filter((node) => node.checkVisibility({ visibilityProperty: true }) && parseFloat(getComputedStyle(node).fontSize) < 16)
  .map((node) => node.id || node.name)"#;
