#include "outrider/fetch/transfer.h"

#include <fmt/format.h>

namespace outrider::fetch {
namespace {

constexpr std::uint16_t https_port = 443;
constexpr long ca_seconds = 600;  // the authorities' file is read again after that

std::string addresses_for(const Url& url, std::uint16_t port, const Request& request) {
  std::string entry = fmt::format("{}:{}:", url.host, port);
  for (bool first = true; const IpAddress& address : request.addresses) {
    if (!std::exchange(first, false)) entry += ',';
    entry += address.v6 ? '[' + address.text() + ']' : address.text();
  }
  return entry;
}

}  // namespace

Transfer::Transfer(std::uint64_t number, const Order& order, const Options& options, Duration left)
    : number_(number), order_(order), names_(curl_share_init()), handle_(curl_easy_init()) {
  curl_share_setopt(names_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
  set_way(options);
  set_proof(options);
  set_limits(left);
  set_request(options);
}

template <class Value>
void Transfer::set(CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(handle_.get(), option, value);
  if (code == CURLE_OK) return;
  refused_setting_ = fmt::format("libcurl does not take option {}: {}", static_cast<int>(option),
                                 curl_easy_strerror(code));
}

// To the given addresses, straight, on a connection of its own.
void Transfer::set_way(const Options& options) {
  const bool is_usual = order_.url.port == https_port;
  const std::uint16_t port = is_usual ? options.port.value_or(https_port) : order_.url.port;
  addresses_.reset(
      curl_slist_append(nullptr, addresses_for(order_.url, port, order_.request).c_str()));
  set(CURLOPT_SHARE, names_.get());
  set(CURLOPT_RESOLVE, addresses_.get());
  set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_PROTOCOLS_STR, "https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  if (port == order_.url.port) return;
  const std::string elsewhere = fmt::format("{}:{}::{}", order_.url.host, order_.url.port, port);
  elsewhere_.reset(curl_slist_append(nullptr, elsewhere.c_str()));
  set(CURLOPT_CONNECT_TO, elsewhere_.get());
}

void Transfer::set_proof(const Options& options) {
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
  set(CURLOPT_CERTINFO, 1L);
  set(CURLOPT_PREREQFUNCTION, &Transfer::on_connected);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_CA_CACHE_TIMEOUT, ca_seconds);
  if (options.ca_file.empty()) return;
  set(CURLOPT_CAINFO, options.ca_file.c_str());
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // the system's would count, too
}

void Transfer::set_limits(Duration left) {
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(order_.request.connect_limit.count()));
  set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(order_.request.most_bytes));
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
}

void Transfer::set_request(const Options& options) {
  set(CURLOPT_ERRORBUFFER, why_.data());
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_URL, order_.url.text.c_str());
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, this);
  const Request& request = order_.request;
  if (!request.wanted_type.empty()) add_header("Accept: " + request.wanted_type);
  if (order_.is_post) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.c_str());
    add_header("Content-Type: " + request.body_type);
    add_header("Expect:");  // no waiting for 100 before the body
  }
  if (headers_) set(CURLOPT_HTTPHEADER, headers_.get());
}

void Transfer::add_header(const std::string& line) {
  headers_.reset(curl_slist_append(headers_.release(), line.c_str()));
}

}  // namespace outrider::fetch
