#include "outrider/smtp/order.h"

#include <array>
#include <cstddef>

namespace outrider::smtp {
namespace {

struct Row {
  Verb verb;
  std::array<const FixedReply*, 5> in_phase;
};

constexpr const FixedReply* ok = nullptr;
constexpr auto* hello = &replies::hello_first;
constexpr auto* sender = &replies::sender_first;
constexpr auto* rcpt = &replies::recipient_first;
constexpr auto* open = &replies::already_open;
constexpr auto* chunk = &replies::chunks_first;

// clang-format off
constexpr std::array order{
    //   after:          Greeting Hello   Sender  Recipient Chunks
    Row{Verb::Hello,    {ok,     ok,     ok,     ok,       ok}},
    Row{Verb::Mail,     {hello,  ok,     open,   open,     open}},
    Row{Verb::Rcpt,     {hello,  sender, ok,     ok,       chunk}},
    Row{Verb::Data,     {hello,  sender, rcpt,   ok,       chunk}},
    Row{Verb::Bdat,     {hello,  sender, rcpt,   ok,       ok}},
    Row{Verb::StartTls, {hello,  ok,     open,   open,     open}},
    Row{Verb::Rset,     {ok,     ok,     ok,     ok,       ok}},
    Row{Verb::Noop,     {ok,     ok,     ok,     ok,       ok}},
    Row{Verb::Help,     {ok,     ok,     ok,     ok,       ok}},
    Row{Verb::Vrfy,     {ok,     ok,     ok,     ok,       ok}},
    Row{Verb::Expn,     {ok,     ok,     ok,     ok,       ok}},
    Row{Verb::Quit,     {ok,     ok,     ok,     ok,       ok}},
    Row{Verb::Unserved, {ok,     ok,     ok,     ok,       ok}},
};
// clang-format on

consteval bool rows_are_in_verb_order() {
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i].verb != static_cast<Verb>(i)) return false;
  }
  return order.size() == static_cast<std::size_t>(Verb::Unserved) + 1;
}
static_assert(rows_are_in_verb_order());

}  // namespace

const FixedReply* refusal(Verb verb, Phase phase) {
  return order[static_cast<std::size_t>(verb)].in_phase[static_cast<std::size_t>(phase)];
}

}  // namespace outrider::smtp
