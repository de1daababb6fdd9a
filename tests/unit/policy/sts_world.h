// Domains with MTA-STS on loopback: TXT records that a test changes, and one HTTPS server for all.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <charconv>
#include <fstream>
#include <iterator>
#include <map>

#include "outrider/policy/sts_policies.h"
#include "support/https_server.h"
#include "unit/deliver/post.h"

namespace outrider::policy {

using namespace std::chrono_literals;
using test::http_response;
using test::HttpsServer;

inline std::string policy_text(std::string_view mode = "enforce", int max_age = 86400) {
  return "version: STSv1\nmode: " + std::string(mode) +
         "\nmx: *.example.com\nmax_age: " + std::to_string(max_age) + "\n";
}
inline std::string served(std::string body) { return http_response("200 OK", "text/plain", body); }

/// Safe from any thread.
class StsZone final : public dns::Resolver {
 public:
  void set_text(const std::string& name, std::string text) {
    const std::lock_guard held(lock_);
    texts_[name] = std::move(text);
  }
  void set(const std::string& domain, std::string text) {
    set_text("_mta-sts." + domain, std::move(text));
  }
  void announce(const std::string& domain, const std::string& id) {
    set(domain, "v=STSv1; id=" + id + ";");
  }
  void withdraw(const std::string& domain) {
    const std::lock_guard held(lock_);
    texts_.erase("_mta-sts." + domain);
  }
  void set_failing(bool fails) { fails_ = fails; }
  void set_address(std::string address) {
    const std::lock_guard held(lock_);
    address_ = std::move(address);
  }
  std::vector<std::string> asked() const {
    const std::lock_guard held(lock_);
    return asked_;
  }

  awaitable<dns::TextAnswer> text(std::string name) override {
    dns::TextAnswer answer;
    const std::lock_guard held(lock_);
    asked_.push_back(name);
    const auto found = texts_.find(name);
    answer.status = fails_                  ? dns::Status::Failed
                    : found == texts_.end() ? dns::Status::NoName
                                            : dns::Status::Found;
    if (fails_) answer.why = "name servers answer SERVFAIL";
    if (answer.found()) answer.texts = {found->second};
    co_return answer;
  }
  awaitable<dns::AddressAnswer> ipv4(std::string name) override {
    dns::AddressAnswer answer;
    const std::lock_guard held(lock_);
    asked_.push_back(name);
    answer.status = address_.empty() ? dns::Status::NoName : dns::Status::Found;
    if (answer.found()) answer.addresses = {*IpAddress::parse(address_)};
    co_return answer;
  }
  awaitable<dns::AddressAnswer> ipv6(std::string) override {
    dns::AddressAnswer answer;
    answer.status = dns::Status::NoData;
    co_return answer;
  }
  awaitable<dns::MxAnswer> mx(std::string) override { co_return dns::MxAnswer{}; }
  awaitable<dns::TextAnswer> pointer(IpAddress) override { co_return dns::TextAnswer{}; }
  void close() override {}

 private:
  mutable std::mutex lock_;
  std::map<std::string, std::string> texts_;
  std::string address_ = "127.0.0.1";
  std::vector<std::string> asked_;
  std::atomic<bool> fails_ = false;
};

inline test::TestCa& sts_authority() {
  static test::TestCa ca;
  return ca;
}

inline std::vector<std::string> served_names() {
  std::vector<std::string> names{"mta-sts.example.com", "mta-sts.other.example",
                                 "mta-sts.sub.example.com"};
  for (int i = 0; i < 100; ++i) {
    names.push_back("mta-sts.d" + std::to_string(i) + ".many.example");
  }
  return names;
}

/// An I/O thread.
class StsLoop {
 public:
  StsLoop() : work_(io_.get_executor()), thread_([this] { io_.run(); }) {}
  ~StsLoop() { stop(); }
  void stop() {
    work_.reset();
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }
  boost::asio::any_io_executor executor() { return io_.get_executor(); }
  template <class T>
  std::future<T> begin(awaitable<T> task) {
    return boost::asio::co_spawn(io_, std::move(task), boost::asio::use_future);
  }

 private:
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

class StsWorld : public testing::Test {
 protected:
  StsWorld()
      : log_file_(folder_ / "log"),
        server_(sts_authority().issue(test::CertificateWish{.names = served_names()}),
                [this](HttpsServer::Talk& talk) { serve(talk); }) {
    log_ = std::make_unique<Log>(LogOptions{.path = log_file_});
  }
  ~StsWorld() override { end(); }

  void open(StsRules rules, bool durable = false) {
    rules_ = rules;
    if (!client_) {
      fetch::Options options{.ca_file = sts_authority().authority_file(),
                             .special_addresses = true};
      options.port = server_.port();
      client_ = *fetch::Client::open(options);
    }
    if (durable) store_ = *store::Store::open({.path = folder_ / "store"});
    loop_ = std::make_unique<StsLoop>();
    policies_ = std::make_unique<StsPolicies>(rules, StsSources{zone_, *client_}, store_.get(),
                                              loop_->executor(), *log_);
    const auto loaded = policies_->load();
    EXPECT_TRUE(loaded) << loaded.error().text();
  }

  /// As a process ends: loops first, then what their coroutines hold.
  void end() {
    if (policies_) policies_->stop();
    if (loop_) loop_->stop();
    client_.reset();  // while there is a loop that answers can be brought to
    loop_.reset();
    policies_.reset();
    store_.reset();
  }
  void restart() {
    end();
    open(rules_, true);
  }

  StsState find(const std::string& domain = "example.com") {
    return loop_->begin(policies_->find(domain)).get();
  }
  void answer(const std::string& domain, std::string bytes) {
    const std::lock_guard held(lock_);
    answers_["mta-sts." + domain] = std::move(bytes);
  }
  void publish(const std::string& domain, const std::string& id, std::string body) {
    answer(domain, served(std::move(body)));
    zone_.announce(domain, id);
  }
  std::string logged() {
    log_->flush();
    std::ifstream in(log_file_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// All renewals so far have ended: their last step is behind what stands in this queue.
  void settle() {
    std::promise<void> passed;
    boost::asio::post(loop_->executor(), [&] { passed.set_value(); });
    passed.get_future().get();
  }

  deliver::TestFolder folder_;
  std::string log_file_;
  std::mutex lock_;
  std::map<std::string, std::string> answers_;
  std::atomic<bool> stalls_ = false;
  HttpsServer server_;
  std::unique_ptr<Log> log_;
  StsZone zone_;
  std::unique_ptr<store::Store> store_;
  StsRules rules_;
  std::unique_ptr<StsPolicies> policies_;
  std::unique_ptr<StsLoop> loop_;
  std::unique_ptr<fetch::Client> client_;

 private:
  void serve(HttpsServer::Talk& talk) {
    while (stalls_ && talk.pause(10ms)) {
    }
    const std::string& asked = talk.asked();
    const auto at = asked.find("\r\nHost: ") + 8;
    std::string bytes;
    {
      const std::lock_guard held(lock_);
      bytes = answers_[asked.substr(at, asked.find("\r\n", at) - at)];
    }
    talk.send(bytes);
  }
};

}  // namespace outrider::policy
