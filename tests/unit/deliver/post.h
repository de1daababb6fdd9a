// A deliverer with a real queue, and the names of a small world.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "outrider/deliver/deliverer.h"
#include "outrider/dns/resolver.h"
#include "outrider/net/io_thread.h"
#include "outrider/queue/queue.h"
#include "support/scripted_server.h"
#include "support/test_ca.h"

namespace outrider::deliver {

using boost::asio::awaitable;
using namespace std::chrono_literals;
using test::ScriptedServer;

inline bool comes_true(const std::function<bool()>& condition, Duration patience = 10s) {
  const auto end = steady_now() + patience;
  while (!condition()) {
    if (steady_now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

/// Knows the names that a test gives it; everything else does not exist.
class SmallWorld final : public dns::Resolver {
 public:
  std::map<std::string, std::vector<dns::Mx>> mx_records;
  std::map<std::string, std::vector<IpAddress>> addresses;
  std::mutex lock;
  std::map<std::string, dns::TlsaAnswer> tlsa_records;  ///< under the lock
  bool fails = false;
  std::string broken;      ///< a name whose addresses cannot be had
  bool is_signed = false;  ///< all of it

  awaitable<dns::MxAnswer> mx(std::string name) override {
    dns::MxAnswer answer;
    answer.canonical = name;
    const auto at = mx_records.find(name);
    const bool known = at != mx_records.end();
    if (known) answer.hosts = at->second;
    answer.status = status(known, addresses.contains(name));
    answer.secure = is_signed;
    answer.ttl = 60s;
    co_return answer;
  }
  awaitable<dns::AddressAnswer> ipv4(std::string name) override {
    dns::AddressAnswer answer;
    answer.canonical = name;
    const auto at = addresses.find(name);
    const bool known = at != addresses.end();
    if (known && name != broken) answer.addresses = at->second;
    answer.status = status(known, mx_records.contains(name));
    if (name == broken) answer.status = dns::Status::Failed;
    answer.secure = is_signed;
    answer.ttl = 60s;
    co_return answer;
  }
  awaitable<dns::AddressAnswer> ipv6(std::string name) override {
    dns::AddressAnswer answer;
    answer.canonical = name;
    answer.status = status(false, addresses.contains(name) || mx_records.contains(name));
    co_return answer;
  }
  awaitable<dns::TlsaAnswer> tlsa(std::string name) override {
    const std::lock_guard guard(lock);
    const auto at = tlsa_records.find(name);
    dns::TlsaAnswer none;
    none.status = dns::Status::NoName;
    none.secure = is_signed;
    co_return at == tlsa_records.end() ? none : at->second;
  }
  awaitable<dns::TextAnswer> pointer(IpAddress) override { co_return dns::TextAnswer{}; }
  void close() override {}

 private:
  dns::Status status(bool found, bool exists) const {
    if (fails) return dns::Status::Failed;
    if (found) return dns::Status::Found;
    return exists ? dns::Status::NoData : dns::Status::NoName;
  }
};

class TestFolder {
 public:
  TestFolder() {
    std::string path =
        (std::filesystem::temp_directory_path() / "outrider-deliver-XXXXXX").string();
    if (!::mkdtemp(path.data())) std::abort();
    path_ = path;
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline Address address(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return {};
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

inline mail::Envelope envelope_to(const std::vector<std::string>& recipients,
                                  std::string_view sender = "sender@home.test") {
  mail::Envelope envelope;
  envelope.reverse_path = address(sender);
  for (const auto& text : recipients) {
    mail::Recipient recipient;
    recipient.address = address(text);
    envelope.recipients.push_back(std::move(recipient));
  }
  envelope.arrived = now();
  return envelope;
}

inline const std::string small_content = "Subject: hello\r\n\r\n.dots\r\nbody\r\n";

/// Mail for home.test goes to Maildirs, so that notices to senders can be read.
class Post {
 public:
  Post() : log_(log_to()) {
    ::signal(SIGPIPE, SIG_IGN);
    options.hostname = "relay.test";
    options.loopback_is_own = false;
    options.dead.first = 200ms;
    retry.first = 300ms;
    retry.jitter = 0;
    route("home.test", "maildir:" + (folder / "mail") + "/{user}");
  }
  ~Post() { stop(); }

  void route(std::string_view pattern, std::string_view via, TlsProfile profile = {}) {
    auto parsed = parse_route(via);
    ASSERT_TRUE(parsed) << parsed.error().text();
    parsed->profile = std::move(profile);
    auto added = routes_->add(pattern, std::move(*parsed));
    ASSERT_TRUE(added) << added.error().text();
  }

  void start() {
    queue::Options queue_options;
    queue_options.path = folder / "queue";
    queue_options.shards = threads;
    queue_options.retry = retry;
    queue_options.least_free_bytes = 0;
    queue_options.destination_of = [this](const Address& to) {
      const std::lock_guard guard(lock_);
      return routes_->key_for(to);
    };
    auto opened = queue::Queue::open(std::move(queue_options), log_);
    ASSERT_TRUE(opened) << opened.error().text();
    queue = std::move(*opened);
    std::vector<net::IoThread*> pointers;
    for (unsigned i = 0; i < threads; ++i) {
      threads_.push_back(std::make_unique<net::IoThread>(i));
      threads_.back()->start();
      pointers.push_back(threads_.back().get());
    }
    if (!tls) tls = *tls::ClientContext::load({});
    if (!contexts.usual().context) contexts = tls;
    ledger = std::make_unique<policy::Ledger>(policy::LedgerRules{.history = options.tls_history},
                                              nullptr, log_);
    services.ledger = ledger.get();
    deliverer = std::make_unique<Deliverer>(options, routes_, *queue, world, contexts, pointers,
                                            log_, services);
    deliverer->start();
  }
  void reload(std::shared_ptr<Routes> routes) {
    deliverer->reload(routes);
    const std::lock_guard guard(lock_);
    routes_ = std::move(routes);
  }
  void stop(Duration bound = 2s) {
    if (!deliverer) return;
    deliverer->stop(bound);
    queue->stop();
    deliverer.reset();
    for (auto& thread : threads_) thread->stop();
    threads_.clear();
    queue.reset();
  }

  MessageId put(mail::Envelope envelope, std::string content = small_content) {
    envelope.size = content.size();
    auto task = fill(*queue, std::move(envelope), std::move(content));
    auto executor = threads_.front()->executor();
    const auto id = boost::asio::co_spawn(executor, std::move(task), boost::asio::use_future).get();
    EXPECT_TRUE(id) << (id ? "" : id.error().text());
    return id.value_or(MessageId{});
  }
  MessageId put_to(const std::string& recipient) { return put(envelope_to({recipient})); }

  /// As `outrider queue retry|remove|…`; without a filter of all.
  void apply(queue::Action action, queue::Filter filter = {}) {
    auto executor = threads_.front()->executor();
    auto task = queue->apply(action, std::move(filter));
    auto done = boost::asio::co_spawn(executor, std::move(task), boost::asio::use_future);
    EXPECT_TRUE(done.get());
  }

  bool is_empty(Duration patience = 10s) {
    return comes_true([&] { return queue->counts().messages == 0; }, patience);
  }
  std::vector<queue::Item> items() {
    auto executor = threads_.front()->executor();
    auto task = queue->list({}, {}, 1000);
    auto listed = boost::asio::co_spawn(executor, std::move(task), boost::asio::use_future).get();
    return listed ? std::move(*listed) : std::vector<queue::Item>();
  }
  std::string log() {
    log_.flush();
    return text_of(folder / "log");
  }
  bool logs(std::string_view text, Duration patience = 10s) {
    return comes_true([&] { return log().find(text) != std::string::npos; }, patience);
  }
  std::size_t lines(std::string_view text) {
    const std::string all = log();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = all.find(text, at)) != all.npos; ++at) ++count;
    return count;
  }
  /// The content of the mail in a user's Maildir.
  std::vector<std::string> mailbox(std::string_view user) {
    std::vector<std::string> mails;
    std::error_code none;
    const auto path = std::filesystem::path(folder / "mail") / user / "new";
    for (const auto& entry : std::filesystem::directory_iterator(path, none)) {
      mails.push_back(text_of(entry.path()));
    }
    return mails;
  }

  TestFolder folder;
  Options options;
  queue::Retry retry;
  SmallWorld world;
  std::shared_ptr<const tls::ClientContext> tls;
  TlsContexts contexts;  ///< where `tls` is not all
  Services services;     ///< of a test that needs them
  unsigned threads = 1;
  std::unique_ptr<queue::Queue> queue;
  std::unique_ptr<policy::Ledger> ledger;
  std::unique_ptr<Deliverer> deliverer;

 private:
  static awaitable<Result<MessageId>> fill(queue::Queue& queue, mail::Envelope envelope,
                                           std::string content) {
    const auto incoming = queue.begin();
    const auto appended = co_await incoming->append(content);
    if (!appended) co_return std::unexpected(appended.error());
    co_return co_await incoming->commit(std::move(envelope));
  }
  LogOptions log_to() const {
    LogOptions log;
    log.path = folder / "log";
    return log;
  }

  Log log_;
  std::mutex lock_;
  std::shared_ptr<Routes> routes_ = std::make_shared<Routes>();
  std::vector<std::unique_ptr<net::IoThread>> threads_;
};

}  // namespace outrider::deliver
