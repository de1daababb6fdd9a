#include "outrider/dns/resolver.h"

#include <algorithm>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/dns/records.h"
#include "outrider/dns/source.h"

namespace outrider::dns {
namespace {

namespace asio = boost::asio;

constexpr std::size_t most_texts = 100;

/// Leaves the question, and brings the answer back to where the handler lives.
struct Initiate {
  template <class Handler>
  void operator()(Handler handler, std::shared_ptr<Source> source, std::string name,
                  RecordType type) const {
    const auto number = source->next_number();
    auto slot = asio::associated_cancellation_slot<Handler>::get(handler);
    if (slot.is_connected()) {
      std::weak_ptr<Source> there = source;
      slot.assign([there, number](asio::cancellation_type) {
        if (const auto still = there.lock()) still->cancel(number);
      });
    }
    const auto home = asio::associated_executor<Handler>::get(handler);
    auto work = asio::make_work_guard(home);
    auto done = [handler = std::move(handler), home,
                 work = std::move(work)](RawAnswer answer) mutable {
      // The guard goes with the answer: once that has arrived, the loop may be gone at any moment.
      asio::post(home,
                 [handler = std::move(handler), answer = std::move(answer),
                  work = std::move(work)]() mutable { std::move(handler)(std::move(answer)); });
    };
    source->ask(number, std::move(name), type, std::move(done));
  }
};

awaitable<RawAnswer> ask(std::shared_ptr<Source> source, std::string name, RecordType type) {
  if (!is_name(name)) {
    RawAnswer answer;
    answer.status = Status::NoName;
    answer.canonical = printable(name);
    co_return answer;
  }
  auto answered = asio::async_initiate<const asio::use_awaitable_t<>, void(RawAnswer)>(
      Initiate{}, asio::use_awaitable, std::move(source), std::move(name), type);
  RawAnswer answer = co_await std::move(answered);
  co_return answer;
}

/// Records that cannot be read are left out.
template <class Wanted, class Value>
Wanted read_those(RawAnswer raw, std::vector<Value> Wanted::* values,
                  std::optional<Value> (*read)(std::string_view)) {
  Wanted wanted;
  static_cast<Answer&>(wanted) = std::move(static_cast<Answer&>(raw));
  for (const auto& data : raw.data) {
    if (auto value = read(data)) (wanted.*values).push_back(std::move(*value));
  }
  return wanted;
}

/// The same; where none is left, there is no answer.
template <class Wanted, class Value>
Wanted read_all(RawAnswer raw, std::vector<Value> Wanted::* values,
                std::optional<Value> (*read)(std::string_view)) {
  Wanted wanted = read_those(std::move(raw), values, read);
  if (wanted.found() && (wanted.*values).empty()) {
    wanted.status = Status::Failed;
    wanted.why = "the records are not well-formed";
  }
  return wanted;
}

using There = std::shared_ptr<Source>;

awaitable<MxAnswer> mx_of(There there, std::string name) {
  RawAnswer raw = co_await ask(std::move(there), std::move(name), RecordType::Mx);
  co_return read_all(std::move(raw), &MxAnswer::hosts, &read_mx);
}
awaitable<AddressAnswer> addresses_of(There there, std::string name, RecordType type) {
  RawAnswer raw = co_await ask(std::move(there), std::move(name), type);
  co_return read_all(std::move(raw), &AddressAnswer::addresses,
                     type == RecordType::A ? &read_ipv4 : &read_ipv6);
}
awaitable<TextAnswer> names_of(There there, IpAddress address) {
  RawAnswer raw = co_await ask(std::move(there), pointer_name(address), RecordType::Pointer);
  co_return read_all(std::move(raw), &TextAnswer::texts, &read_name);
}
awaitable<TlsaAnswer> tlsa_of(There there, std::string name) {
  RawAnswer raw = co_await ask(std::move(there), std::move(name), RecordType::Tlsa);
  co_return read_those(std::move(raw), &TlsaAnswer::records, &read_tlsa);
}
awaitable<TextAnswer> texts_of(There there, std::string name) {
  RawAnswer raw = co_await ask(std::move(there), std::move(name), RecordType::Text);
  TextAnswer answer = read_all(std::move(raw), &TextAnswer::texts, &read_text);
  // All of them are of one message, so 64 KiB is their bound anyhow.
  if (answer.texts.size() > most_texts) answer.texts.resize(most_texts);
  co_return answer;
}
awaitable<TextAnswer> targets_of(There there, std::string name, RecordType type) {
  RawAnswer raw = co_await ask(std::move(there), std::move(name), type);
  co_return read_all(std::move(raw), &TextAnswer::texts, &read_name);
}

// An alias that a DNAME above the name makes has no signature of its own (RFC 6672 §5.3.1), and
// Unbound 1.17 takes it for bogus where the alias alone is asked for. The DNAME is signed.
awaitable<Answer> alias_by_subtree(There there, std::string name, Answer refused) {
  constexpr int most_steps = 10;
  auto dot = std::min(name.find('.'), name.size());
  for (int step = 0; step < most_steps && dot + 1 < name.size(); ++step) {
    TextAnswer above = co_await targets_of(there, name.substr(dot + 1), RecordType::SubtreeAlias);
    if (above.found() && above.secure) {
      above.canonical = to_lower(name.substr(0, dot + 1)) + above.texts.front();
      co_return std::move(static_cast<Answer&>(above));
    }
    dot = std::min(name.find('.', dot + 1), name.size());
  }
  co_return refused;
}

awaitable<Answer> alias_of(There there, std::string name) {
  TextAnswer targets = co_await targets_of(there, name, RecordType::Alias);
  if (targets.found()) targets.canonical = targets.texts.front();
  Answer answer = std::move(static_cast<Answer&>(targets));
  if (answer.status != Status::Bogus || answer.disputed) co_return answer;
  co_return co_await alias_by_subtree(std::move(there), std::move(name), std::move(answer));
}

class RealResolver final : public Resolver {
 public:
  explicit RealResolver(There source) : source_(std::move(source)) {}
  // Coroutines that wait hold the source too, and go on with failures.
  ~RealResolver() override { source_->close(); }
  void close() override { source_->close(); }

  awaitable<MxAnswer> mx(std::string name) override { return mx_of(source_, std::move(name)); }
  awaitable<AddressAnswer> ipv4(std::string name) override {
    return addresses_of(source_, std::move(name), RecordType::A);
  }
  awaitable<AddressAnswer> ipv6(std::string name) override {
    return addresses_of(source_, std::move(name), RecordType::Aaaa);
  }
  awaitable<TextAnswer> pointer(IpAddress address) override { return names_of(source_, address); }
  awaitable<TlsaAnswer> tlsa(std::string name) override {
    return tlsa_of(source_, std::move(name));
  }
  awaitable<TextAnswer> text(std::string name) override {
    return texts_of(source_, std::move(name));
  }
  awaitable<Answer> alias(std::string name) override { return alias_of(source_, std::move(name)); }

 private:
  There source_;
};

/// For a resolver that has no answers of this kind: failed, because "nobody knows" harms nobody.
Answer not_answered() {
  Answer answer;
  answer.why = "this resolver does not answer such questions";
  return answer;
}

}  // namespace

awaitable<TlsaAnswer> Resolver::tlsa(std::string) {
  TlsaAnswer answer;
  static_cast<Answer&>(answer) = not_answered();
  co_return answer;
}

awaitable<TextAnswer> Resolver::text(std::string) {
  TextAnswer answer;
  static_cast<Answer&>(answer) = not_answered();
  co_return answer;
}

awaitable<Answer> Resolver::alias(std::string) { co_return not_answered(); }

Result<std::unique_ptr<Resolver>> Resolver::open(const Options& options) {
  auto source = open_source(options);
  if (!source) return std::unexpected(source.error());
  return std::make_unique<RealResolver>(std::move(*source));
}

}  // namespace outrider::dns
