// What libcurl tells on the way and at the end, and what we object to.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "outrider/base/text.h"
#include "outrider/fetch/transfer.h"

namespace outrider::fetch {
namespace {

constexpr std::size_t most_header_bytes = 32 << 10;
constexpr std::size_t longest_reason = 200;

Endpoint endpoint_of(const curl_sockaddr& given) {
  Endpoint endpoint;
  if (given.family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &given.addr, sizeof v4);
    std::memcpy(endpoint.address.bytes.data(), &v4.sin_addr, 4);
  } else {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &given.addr, sizeof v6);
    std::memcpy(endpoint.address.bytes.data(), &v6.sin6_addr, 16);
    endpoint.address.v6 = true;
  }
  return endpoint;
}

/// The value of a header field of this name; nothing where the line is of another one.
std::string_view value_of(std::string_view line, std::string_view field) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !iequals(line.substr(0, colon), field)) return {};
  std::string_view value = line.substr(colon + 1);
  while (value.ends_with('\n') || value.ends_with('\r')) value.remove_suffix(1);
  return trim(value);
}

std::string media_type_of(const char* header) {
  const std::string_view type = header != nullptr ? header : "";
  return to_lower(trim(type.substr(0, type.find(';'))));
}

// A forged signature in the chain has no code of its own in libcurl: the first error is that of the
// part of OpenSSL that checked it, where all others in a handshake are of its SSL part.
bool is_of_signature(std::string_view why) {
  return why.find("routines::") != std::string_view::npos &&
         why.find("SSL routines::") == std::string_view::npos;
}

Fault fault_of(CURLcode code, std::string_view why) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return Fault::TimedOut;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT: return Fault::Unreachable;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR: return Fault::Certificate;
    case CURLE_SSL_CONNECT_ERROR:
      return is_of_signature(why) ? Fault::Certificate : Fault::Handshake;
    case CURLE_SSL_CACERT_BADFILE: return Fault::Refused;
    default: return Fault::Content;
  }
}

}  // namespace

std::size_t Transfer::on_header(char* bytes, std::size_t one, std::size_t count, void* self) {
  const std::string_view line(bytes, one * count);
  return static_cast<Transfer*>(self)->take_header(line) ? line.size() : 0;
}

std::size_t Transfer::on_body(char* bytes, std::size_t one, std::size_t count, void* self) {
  const std::string_view part(bytes, one * count);
  return static_cast<Transfer*>(self)->take_body(part) ? part.size() : 0;
}

int Transfer::on_connected(void* self, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.bears_dns_name()) return CURL_PREREQFUNC_OK;
  transfer.object(Fault::Certificate,
                  "the certificate bears no DNS name, and a common name is none (RFC 8461 §3.3)");
  return CURL_PREREQFUNC_ABORT;
}

// The address that was given, and checked, is the one that is connected to.
curl_socket_t Transfer::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto& given = transfer.order_.request.addresses;
  const bool is_ip = address->family == AF_INET || address->family == AF_INET6;
  if (!is_ip || std::ranges::find(given, endpoint_of(*address).address) == given.end()) {
    transfer.object(Fault::Refused, "libcurl goes to an address that it was not given");
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool Transfer::object(Fault fault, std::string rule) {
  objected_ = fault;
  objection_ = std::move(rule);
  return false;
}

bool Transfer::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > most_header_bytes) {
    return object(Fault::Content, fmt::format("a header of more than {} bytes", most_header_bytes));
  }
  if (line.starts_with("HTTP/")) end_is_told_ = false;  // after 100 comes another
  for (const char* const teller : {"content-length", "transfer-encoding"}) {
    if (!value_of(line, teller).empty()) end_is_told_ = true;
  }
  const auto coding = value_of(line, "content-encoding");
  return coding.empty() || !is_success() || take_coding(coding);
}

bool Transfer::take_coding(std::string_view coding) {
  if (iequals(coding, "identity")) return true;
  return object(Fault::Content, fmt::format("content coding \"{}\" was not asked for",
                                            printable(coding, longest_reason)));
}

bool Transfer::take_body(std::string_view bytes) {
  if (!is_success()) return object(Fault::Status, fmt::format("HTTP status {}", status()));
  const std::size_t most = order_.request.most_bytes;
  if (bytes.size() > most - body_.size()) {
    return object(Fault::Content, fmt::format("a body of more than {} bytes", most));
  }
  body_.append(bytes);
  return true;
}

// libcurl looks at the common name only where there is no DNS name among the subject's
// alternative names, so that one DNS name is enough.
bool Transfer::bears_dns_name() const {
  constexpr std::string_view field = "X509v3 Subject Alternative Name:";
  curl_certinfo* chain = nullptr;
  curl_easy_getinfo(handle_.get(), CURLINFO_CERTINFO, &chain);
  if (chain == nullptr || chain->num_of_certs < 1) return false;
  for (const auto* line = chain->certinfo[0]; line != nullptr; line = line->next) {
    std::string_view text = line->data;
    if (!text.starts_with(field)) continue;
    text.remove_prefix(field.size());
    return text.starts_with("DNS:") || text.find(", DNS:") != std::string_view::npos;
  }
  return false;
}

int Transfer::status() const {
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

Failure Transfer::failed(Fault fault, std::string rule) const {
  Failure failure{fault, status(), {}};
  const char* address = nullptr;
  long port = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_PRIMARY_IP, &address);
  curl_easy_getinfo(handle_.get(), CURLINFO_PRIMARY_PORT, &port);
  const auto read = IpAddress::parse(address != nullptr ? address : "");
  failure.error.blame = fault == Fault::Refused ? Blame::Operator : Blame::Peer;
  failure.error.input = printable(order_.url.text);
  failure.error.rule = std::move(rule);
  if (read) failure.error.place = Endpoint{*read, static_cast<std::uint16_t>(port)}.text();
  return failure;
}

Failure Transfer::failed_by(CURLcode code) const {
  if (!objection_.empty()) return failed(objected_, objection_);
  if (code == CURLE_FILESIZE_EXCEEDED) {
    if (!is_success()) return failed(Fault::Status, fmt::format("HTTP status {}", status()));
    const std::size_t most = order_.request.most_bytes;
    return failed(Fault::Content, fmt::format("a body of more than {} bytes", most));
  }
  const std::string_view why = why_.front() != '\0' ? why_.data() : curl_easy_strerror(code);
  return failed(fault_of(code, why), printable(why, longest_reason));
}

Answer Transfer::outcome(CURLcode code) {
  if (code != CURLE_OK) return std::unexpected(failed_by(code));
  if (!is_success()) {
    return std::unexpected(failed(Fault::Status, fmt::format("HTTP status {}", status())));
  }
  return checked_response();
}

// Where the end of the connection is the end of the body, libcurl takes a cut for an end.
Answer Transfer::checked_response() {
  constexpr int no_content = 204;
  if (!order_.is_post && status() != no_content && !end_is_told_) {
    return std::unexpected(
        failed(Fault::Content, "neither a length nor chunks: an end could not be told from a cut"));
  }
  const char* type = nullptr;
  curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_TYPE, &type);
  Response response{status(), media_type_of(type), std::move(body_)};
  const std::string& wanted = order_.request.wanted_type;
  if (wanted.empty() || response.media_type == wanted) return response;
  const std::string came = printable(response.media_type, longest_reason);
  return std::unexpected(
      failed(Fault::Content, fmt::format("media type {} is wanted, \"{}\" came", wanted, came)));
}

}  // namespace outrider::fetch
