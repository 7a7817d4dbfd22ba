"""HTML that strangers wrote, made harmless: what may be kept of it, and kept again each time it is shown. Pure.

Nothing in the result runs, looks like a part of our own pages, or makes a reader's browser ask for anything: pictures
from elsewhere stand in `data-remote-src`, to be asked for by a person.
"""

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from urllib.parse import unquote

import nh3


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TAGS = _words(
    "a abbr address b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div dl dt em"
    " figcaption figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub"
    " sup table tbody td tfoot th thead tr tt u ul var wbr"
)
# These go with what is in them; of every other unknown element the words stay.
_GONE = _words("script style title template svg math noscript iframe object embed select textarea audio video canvas")
_CELL = frozenset({"align", "valign", "width", "height", "bgcolor", "colspan", "rowspan"})
_ATTRIBUTES = {
    "*": {"dir", "lang"},
    "a": {"href", "title"},
    "img": {"src", "data-remote-src", "alt", "title", "width", "height"},
    "font": {"color", "face", "size"},
    "table": {"align", "width", "bgcolor", "border", "cellpadding", "cellspacing"},
    "td": set(_CELL),
    "th": set(_CELL),
    "tr": {"align", "valign", "bgcolor"},
    "ol": {"start", "type"},
    "div": {"align"},
    "p": {"align"},
    "col": {"width", "span"},
}
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "cid", "data"})
_LINK = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)
_REMOTE = re.compile(r"https?://", re.IGNORECASE)
_EMBEDDED = re.compile(r"cid:|data:image/(?:png|gif|jpeg|webp);base64,", re.IGNORECASE)
_PLAIN = re.compile(r"[\w#%.,+ -]{0,100}")
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-z][a-z0-9]*)", re.IGNORECASE)
# Never open for long: they have no end, or the next one ends them.
_SHORT = _words("area base br col dd dt hr img input li link meta option p td th tr wbr")
_DEEPEST = 1_000
_SPACE_IN_URL = re.compile(r"[\x00-\x20]+")


def sanitize_html(html: str) -> str:
    """The harmless part of the HTML, as a fragment; sanitising it again changes nothing."""
    # Renaming an attribute is not in the library: a value marked by a name that nobody can guess is renamed afterwards.
    mark = f"remote-{sha256(html.encode('utf-8', 'replace')).hexdigest()}:"
    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_GONE,
        attributes=_ATTRIBUTES,
        attribute_filter=lambda tag, name, value: _attribute(tag, name, value, mark),
        link_rel="noopener noreferrer nofollow",
        url_schemes=_SCHEMES,
        url_relative="deny",
    )
    return cleaned.replace(f' src="{mark}', ' data-remote-src="')


def show_html(html: str, *, embedded: Mapping[str, str], remote: Callable[[str], str] | None) -> str:
    """The harmless HTML with its pictures: `embedded` maps Content-IDs to paths of ours, `remote` addresses to such.

    Without `remote`, and where it gives "", a picture from elsewhere stays blocked.
    """
    html = sanitize_html(html)
    mark = f"shown-{sha256(html.encode('utf-8', 'replace')).hexdigest()}:"

    def shown(tag: str, name: str, value: str) -> str | None:
        if name == "src" and value[:4].lower() == "cid:":
            path = embedded.get(unquote(value[4:]))
            return mark + path if path else None
        if name == "data-remote-src" and remote is not None and (path := remote(value)):
            return mark + path
        return value

    # What was sanitised a line above is only looked through: all of its attributes are kept.
    looked = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=shown,
        link_rel="noopener noreferrer nofollow",
        url_schemes=_SCHEMES,
        url_relative="deny",
    )
    return looked.replace(f' data-remote-src="{mark}', ' src="').replace(f' src="{mark}', ' src="')


def is_too_deep(html: str) -> bool:
    """Whether elements are nested so deeply that reading them would take more than linear time."""
    depth = 0
    for tag in _TAG.finditer(html):
        if tag["name"].lower() not in _SHORT:
            depth = max(depth - 1, 0) if tag["end"] else depth + 1
        if depth > _DEEPEST:
            return True
    return False


def _attribute(tag: str, name: str, value: str, mark: str) -> str | None:
    """The attribute's new value, or None to drop it."""
    if name in ("title", "alt", "rel"):
        return value
    if name not in ("href", "src", "data-remote-src"):
        return value if _PLAIN.fullmatch(value) else None
    # Browsers take control characters and spaces out of an address before they read it.
    url = _SPACE_IN_URL.sub("", value)
    if tag == "a":
        return url if _LINK.match(url) else None
    if name == "src" and _EMBEDDED.match(url):
        return url
    if not _REMOTE.match(url):
        return None
    return url if name == "data-remote-src" else mark + url
