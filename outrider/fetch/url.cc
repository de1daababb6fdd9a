#include "outrider/fetch/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "outrider/base/text.h"

namespace outrider::fetch {
namespace {

constexpr std::size_t longest_url = 2000;
constexpr std::size_t longest_host = 253;
constexpr std::size_t longest_label = 63;

struct Free {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(char* text) const { curl_free(text); }
};

std::optional<std::string> part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return std::nullopt;
  const std::unique_ptr<char, Free> owned(text);
  return std::string(text);
}

bool is_label(std::string_view label) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= longest_label && std::ranges::all_of(label, allowed);
}

// A last label of digits would be the end of an address: libcurl has put those into four numbers.
bool is_host_name(std::string_view host) {
  if (host.size() > longest_host) return false;
  for (;;) {
    const auto dot = host.find('.');
    const auto label = host.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) return !parse_number(label).has_value();
    host.remove_prefix(dot + 1);
  }
}

std::unexpected<Error> refuse(std::string_view text, std::string rule) {
  return fail(Blame::Peer, printable(text), std::move(rule));
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  if (text.size() > longest_url) return refuse(text, "a URL of more than 2000 bytes");
  if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; })) {
    return refuse(text, "a URL is printable ASCII (RFC 3986 §2)");
  }
  const std::unique_ptr<CURLU, Free> url(curl_url());
  Url read;
  read.text = text;
  if (curl_url_set(url.get(), CURLUPART_URL, read.text.c_str(), 0) != CURLUE_OK) {
    return refuse(text, "not a URL with https:// (RFC 3986 §3)");
  }
  if (part(url.get(), CURLUPART_SCHEME) != "https") return refuse(text, "only https is fetched");
  if (part(url.get(), CURLUPART_USER) || part(url.get(), CURLUPART_PASSWORD)) {
    return refuse(text, "a URL without user name");
  }
  if (part(url.get(), CURLUPART_FRAGMENT)) return refuse(text, "a URL without fragment");
  read.host = to_lower(part(url.get(), CURLUPART_HOST).value_or(""));
  if (!is_host_name(read.host)) return refuse(text, "the host is to be a name, not an address");
  const auto port = parse_number(part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or(""));
  if (!port || *port == 0 || *port > 65535) return refuse(text, "a port from 1 to 65535");
  read.port = static_cast<std::uint16_t>(*port);
  return read;
}

}  // namespace outrider::fetch
