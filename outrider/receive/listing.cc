#include "outrider/receive/listing.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "outrider/base/text.h"

namespace outrider::receive {

namespace asio = boost::asio;
using std::chrono::seconds;
using trust::Listed;

namespace {

// More exchangers than this are no sensible domain's; what they say is not looked at.
constexpr std::size_t most_hosts = 16;

// A client that comes in by another address may get another answer.
std::string key_of(const std::string& domain, const std::vector<IpAddress>& own_addresses) {
  std::string key = domain;
  for (const auto& address : own_addresses) key += ' ' + address.text();
  return key;
}

bool share_one(const std::vector<IpAddress>& a, const std::vector<IpAddress>& b) {
  return std::ranges::find_first_of(a, b) != a.end();
}

}  // namespace

struct Listing::Question {
  std::shared_ptr<Listing> owner;
  std::string key, domain;
  std::vector<IpAddress> own_addresses;
  std::shared_ptr<const Options> options;
  asio::steady_timer answered;  ///< runs out when the asker has waited long enough
  Listed listed = Listed::Unknown;
  seconds ttl{0};
};

awaitable<Listed> Listing::ask(std::shared_ptr<Listing> self, net::IoThread& thread,
                               std::string domain, std::vector<IpAddress> own_addresses,
                               std::shared_ptr<const Options> options) {
  const auto patience = options->listing.patience;
  if (patience.count() == 0) co_return Listed::Unknown;
  std::string key = key_of(domain, own_addresses);
  {
    const std::lock_guard guard(self->lock_);
    if (const Kept* kept = self->find_kept(key, steady_now())) co_return kept->listed;
    if (self->asked_ >= most_asked) co_return Listed::Unknown;
    ++self->asked_;
  }
  auto question = std::make_shared<Question>(
      Question{self, std::move(key), std::move(domain), std::move(own_addresses),
               std::move(options), asio::steady_timer(thread.executor(), patience)});
  thread.spawn(find(question));
  boost::system::error_code cancelled;
  co_await question->answered.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  co_return question->listed;
}

// Goes on when the asker has gone: the next one finds the answer.
awaitable<void> Listing::find(std::shared_ptr<Question> question) {
  question->listed = co_await look(*question);
  question->owner->keep(*question);
  question->answered.expires_at({});  // for an asker who has not begun to wait, too
}

awaitable<Listed> Listing::look(Question& question) {
  const dns::MxAnswer mx = co_await question.owner->resolver_.mx(question.domain);
  question.ttl = mx.ttl;
  if (mx.temporary()) co_return Listed::Unknown;
  if (mx.status == dns::Status::NoName) co_return Listed::No;
  std::vector<std::string> hosts;
  if (mx.absent()) hosts.push_back(question.domain);
  const auto& names = question.options->listing.own_names;
  for (const dns::Mx& exchanger : mx.hosts) {
    if (std::ranges::find(names, exchanger.host) != names.end()) co_return Listed::Yes;
    if (!exchanger.host.empty() && hosts.size() < most_hosts) hosts.push_back(exchanger.host);
  }
  bool failed = false;
  for (const std::string& host : hosts) {
    const Listed own = co_await is_own_host(question, host);
    if (own == Listed::Yes) co_return own;
    failed = failed || own == Listed::Unknown;
  }
  co_return failed ? Listed::Unknown : Listed::No;
}

awaitable<Listed> Listing::is_own_host(Question& question, std::string host) {
  bool failed = false;
  for (const bool v6 : {false, true}) {
    dns::AddressAnswer answer;
    if (v6) {
      answer = co_await question.owner->resolver_.ipv6(host);
    } else {
      answer = co_await question.owner->resolver_.ipv4(host);
    }
    if (share_one(answer.addresses, question.own_addresses)) co_return Listed::Yes;
    failed = failed || answer.temporary();
  }
  co_return failed ? Listed::Unknown : Listed::No;
}

const Listing::Kept* Listing::find_kept(const std::string& key, Steady time) const {
  const auto at = kept_.find(key);
  return at != kept_.end() && time < at->second.until ? &at->second : nullptr;
}

void Listing::keep(const Question& question) {
  const auto& options = question.options->listing;
  const seconds ttl = question.listed == Listed::Unknown ? seconds(0) : question.ttl;
  const Steady until = steady_now() + std::clamp(ttl, options.least_kept, options.longest_kept);
  const std::lock_guard guard(lock_);
  --asked_;
  if (kept_.size() >= most_kept) {
    const Steady time = steady_now();
    std::erase_if(kept_, [time](const auto& entry) { return entry.second.until <= time; });
    if (kept_.size() >= most_kept) kept_.clear();
  }
  kept_[question.key] = {question.listed, until};
}

}  // namespace outrider::receive
