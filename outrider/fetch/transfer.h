// One request as libcurl carries it out: what it may do, what it is fed, and what came of it.
#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "outrider/fetch/client.h"
#include "outrider/fetch/url.h"

namespace outrider::fetch {

// libcurl's handles are all pointers to void.
template <auto clean_up>
struct CleanUp {
  void operator()(auto* handle) const { clean_up(handle); }
};
using EasyHandle = std::unique_ptr<CURL, CleanUp<&curl_easy_cleanup>>;
using MultiHandle = std::unique_ptr<CURLM, CleanUp<&curl_multi_cleanup>>;
using ShareHandle = std::unique_ptr<CURLSH, CleanUp<&curl_share_cleanup>>;
using StringList = std::unique_ptr<curl_slist, CleanUp<&curl_slist_free_all>>;

/// A request that was found good, and where it goes.
struct Order {
  Request request;
  Url url;
  bool is_post = false;
};

class Transfer {
 public:
  /// `order` and `options` outlive it. `left`: of the request's limit.
  Transfer(std::uint64_t number, const Order& order, const Options& options, Duration left);
  Transfer(const Transfer&) = delete;

  std::uint64_t number() const { return number_; }
  CURL* handle() const { return handle_.get(); }
  /// What libcurl did not take of the settings; empty: it can begin.
  const std::string& refused_setting() const { return refused_setting_; }
  /// What became of it, once libcurl is done.
  Answer outcome(CURLcode code);

 private:
  static std::size_t on_header(char* bytes, std::size_t one, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t one, std::size_t count, void* self);
  static int on_connected(void* self, char*, char*, int, int);
  static curl_socket_t on_socket(void* self, curlsocktype, curl_sockaddr* address);

  template <class Value>
  void set(CURLoption option, Value value);
  void set_way(const Options& options);
  void set_proof(const Options& options);
  void set_limits(Duration left);
  void set_request(const Options& options);
  void add_header(const std::string& line);

  bool take_header(std::string_view line);
  bool take_coding(std::string_view coding);
  bool take_body(std::string_view bytes);
  bool object(Fault fault, std::string rule);  // false
  bool bears_dns_name() const;
  int status() const;
  bool is_success() const { return status() >= 200 && status() <= 299; }
  Failure failed_by(CURLcode code) const;
  Answer checked_response();
  Failure failed(Fault fault, std::string rule) const;

  std::uint64_t number_;
  const Order& order_;
  std::string body_;
  std::size_t header_bytes_ = 0;
  bool end_is_told_ = false;  // by a length, or by chunks
  std::string objection_;     // ours, to what came
  Fault objected_ = Fault::Content;
  std::array<char, CURL_ERROR_SIZE> why_{};
  std::string refused_setting_;
  StringList addresses_, elsewhere_, headers_;
  ShareHandle names_;  // known for one request alone: the next one brings its own
  EasyHandle handle_;  // the first to go
};

}  // namespace outrider::fetch
