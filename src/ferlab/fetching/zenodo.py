"""What Zenodo declares of a file: the MD5 in the record that the file belongs to."""

import re
from urllib.parse import urlsplit

import requests

from ferlab.errors import FerlabError
from ferlab.fetching.http import TIMEOUT, RefusedError

HOST = "zenodo.org"
_PATH = re.compile(r"/(?:api/)?records/(\d+)/files/([^/]+)(?:/content)?")
_MD5 = re.compile(r"md5:([0-9a-f]{32})")


def declared_md5(url: str) -> str | None:
    """Ask the record that a file belongs to for the file's MD5.

    Args:
        url: of the file, as https://zenodo.org/api/records/1188976/files/NAME/content.

    Returns:
        32 hexadecimal digits; None for another host than Zenodo's, which has no records.

    Raises:
        RefusedError: Zenodo says no.
        FerlabError: no connection, or a record that does not name the file and its MD5.
    """
    parts = urlsplit(url)
    if parts.hostname != HOST:
        return None
    match = _PATH.fullmatch(parts.path)
    if not match:
        raise FerlabError(f"fetch: {url}: expected https://{HOST}/api/records/<number>/files/<name>/content")
    record = f"{parts.scheme}://{parts.netloc}/api/records/{match[1]}"
    try:
        answer = requests.get(record, headers={"User-Agent": "ferlab"}, timeout=TIMEOUT)
    except requests.RequestException as error:
        raise FerlabError(
            f"fetch: cannot reach {HOST} for the checksum ({type(error).__name__}); cure: a network connection "
            "(HTTPS_PROXY where it goes through a proxy), or download the archive elsewhere and put it into the folder"
        ) from error
    if answer.status_code >= 400:
        raise RefusedError(answer.status_code, answer.reason or "")
    try:
        sums = {file["key"]: file["checksum"] for file in answer.json()["files"]}
    except (ValueError, KeyError, TypeError) as error:
        raise FerlabError(f"fetch: {record}: expected a record with a list of files, found none") from error
    found = _MD5.fullmatch(str(sums.get(match[2])))
    if not found:
        raise FerlabError(
            f"fetch: {record}: expected the MD5 of {match[2]}, found {sums.get(match[2])}; the record holds "
            f"{', '.join(map(str, sums)) or 'nothing'}; cure: look there for a new version"
        )
    return found[1]
