#include "outrider/receive/entrance.h"

#include <gtest/gtest.h>

#include <map>

#include "outrider/dns/resolver.h"
#include "unit/receive/site.h"

namespace outrider::receive {
namespace {

/// Knows what the test tells it. (The entrance cares for the answers alone; the real resolver has
/// its own tests.)
class KnownNames final : public dns::Resolver {
 public:
  template <class T>
  using awaitable = dns::awaitable<T>;

  std::map<IpAddress, std::string> names;
  std::map<std::string, IpAddress> addresses;

  awaitable<dns::MxAnswer> mx(std::string) override { co_return dns::MxAnswer{}; }
  awaitable<dns::AddressAnswer> ipv4(std::string name) override { return address_of(name); }
  awaitable<dns::AddressAnswer> ipv6(std::string name) override { return address_of(name); }
  void close() override {}
  awaitable<dns::TextAnswer> pointer(IpAddress address) override {
    dns::TextAnswer answer;
    const auto at = names.find(address);
    answer.status = at == names.end() ? dns::Status::NoName : dns::Status::Found;
    if (at != names.end()) answer.texts = {at->second};
    co_return answer;
  }

 private:
  awaitable<dns::AddressAnswer> address_of(std::string name) {
    dns::AddressAnswer answer;
    const auto at = addresses.find(name);
    answer.status = at == addresses.end() ? dns::Status::NoName : dns::Status::Found;
    if (at != addresses.end()) answer.addresses = {at->second};
    co_return answer;
  }
};

class LookUp : public testing::Test {
 protected:
  LookUp() : log_(log_options()) {
    thread_.start();
    options_.reverse_dns = true;
    reception_ = std::make_shared<Reception>(queue_, &resolver_,
                                             std::vector<net::IoThread*>{&thread_}, log_);
  }
  ~LookUp() override { thread_.stop(); }

  static LogOptions log_options() {
    LogOptions options;
    options.path = "/dev/null";
    return options;
  }
  /// The name, when the look-up is over; `none begun` where there is none.
  std::string name_of(const char* endpoint) {
    const auto name = look_up_name(reception_, options_, thread_, Endpoint::parse(endpoint));
    if (!name) return "none begun";
    EXPECT_TRUE(comes_true([&] { return reception_->lookups == 0; }));
    return name->name;
  }

  test::MemoryQueue queue_;
  KnownNames resolver_;
  Options options_;
  Log log_;
  net::IoThread thread_{0};
  std::shared_ptr<Reception> reception_;
};

TEST_F(LookUp, FindsANameThatLeadsBack) {
  resolver_.names[*IpAddress::parse("192.0.2.1")] = "mail.example.net";
  resolver_.addresses["mail.example.net"] = *IpAddress::parse("192.0.2.1");
  EXPECT_EQ(name_of("192.0.2.1:4000"), "mail.example.net");
  resolver_.names[*IpAddress::parse("2001:db8::1")] = "six.example.net";
  resolver_.addresses["six.example.net"] = *IpAddress::parse("2001:db8::1");
  EXPECT_EQ(name_of("[2001:db8::1]:4000"), "six.example.net");
}

TEST_F(LookUp, BelievesNoNameOfSomebodyElse) {
  resolver_.names[*IpAddress::parse("192.0.2.1")] = "mail.bank.example";
  resolver_.addresses["mail.bank.example"] = *IpAddress::parse("192.0.2.99");
  EXPECT_EQ(name_of("192.0.2.1:4000"), "");
  resolver_.addresses.clear();
  EXPECT_EQ(name_of("192.0.2.1:4000"), "");
  EXPECT_EQ(name_of("192.0.2.2:4000"), "");
}

TEST_F(LookUp, IsOffUnlessAskedFor) {
  options_.reverse_dns = false;
  EXPECT_EQ(name_of("192.0.2.1:4000"), "none begun");
}

TEST_F(LookUp, AreBounded) {
  reception_->lookups = 256;
  EXPECT_EQ(look_up_name(reception_, options_, thread_, Endpoint::parse("192.0.2.1:4000")),
            nullptr);
  EXPECT_EQ(reception_->lookups, 256u);
}

}  // namespace
}  // namespace outrider::receive
