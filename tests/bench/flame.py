"""A flame graph of folded stacks, as an SVG that needs no script: width is time, a title tells the
share. Frames below half a percent are left out, so that the picture stays small."""

import collections
import html

WIDTH, ROW, LEAST = 1200, 15, 0.005


class Node:
    def __init__(self):
        self.count, self.below = 0, {}


def tree_of(folded):
    root = Node()
    for stack, count in folded.items():
        node = root
        node.count += count
        for name in stack.split(";"):
            node = node.below.setdefault(name, Node())
            node.count += count
    return root


def draw(folded, title):
    root = tree_of(folded)
    rows, boxes = 0, []
    queue = collections.deque([(root, 0.0, 0)])
    while queue:
        node, left, depth = queue.popleft()
        for name, child in sorted(node.below.items()):
            share = child.count / root.count
            if share >= LEAST and depth < 60:
                rows = max(rows, depth + 1)
                boxes.append((name, left, share, depth))
                queue.append((child, left, depth + 1))
            left += share
    height = (rows + 3) * ROW
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
             'font-family="sans-serif" font-size="10">',
             f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
             f'<text x="4" y="13" font-size="12" fill="#222">{html.escape(title)}</text>']
    for name, left, share, depth in boxes:
        x, y, width = left * WIDTH, height - (depth + 1) * ROW - 4, share * WIDTH
        lines.append(
            f'<g><title>{html.escape(name)}: {100 * share:.1f} %</title>'
            f'<rect x="{x:.1f}" y="{y}" width="{max(width - 0.5, 0.5):.1f}" height="{ROW - 1}" '
            f'fill="{colour(name)}"/>{label(name, x, y, width)}</g>')
    return "\n".join(lines + ["</svg>"]) + "\n"


def label(name, x, y, width):
    fits = int(width / 5.6)
    if fits < 4:
        return ""
    text = name if len(name) <= fits else name[:fits - 1] + "…"
    return f'<text x="{x + 2:.1f}" y="{y + 11}" fill="#222">{html.escape(text)}</text>'


def colour(name):
    """One's own code is green, the store's blue, TLS violet, Asio grey, all else sand."""
    for words, shade in ((("outrider::",), "#9ccc8f"), (("rocksdb::",), "#8fb8de"),
                         (("SSL_", "EVP_", "ossl_", "tls_", "bn_", "ec_"), "#c3a6d8"),
                         (("boost::asio",), "#c8c8c8")):
        if any(word in name for word in words):
            return shade
    return "#e8cfa0"
