#include "outrider/smtp/order.h"

#include <gtest/gtest.h>

namespace outrider::smtp {
namespace {

constexpr Phase phases[] = {Phase::Greeting, Phase::Hello, Phase::Sender, Phase::Recipient,
                            Phase::Chunks};

// In which phases the verb is served, as letters: greeting, hello, sender, recipient, chunks.
std::string served(Verb verb) {
  std::string out;
  for (const auto phase : phases) {
    if (!refusal(verb, phase)) out += "ghsrc"[static_cast<int>(phase)];
  }
  return out;
}

// RFC 5321 §4.1.4, RFC 3030 §2, RFC 3207 §4.
TEST(Order, S1_IsThatOfTheRfc) {
  EXPECT_EQ(served(Verb::Mail), "h");
  EXPECT_EQ(served(Verb::Rcpt), "sr");
  EXPECT_EQ(served(Verb::Data), "r");
  EXPECT_EQ(served(Verb::Bdat), "rc");
  EXPECT_EQ(served(Verb::StartTls), "h");
}

TEST(Order, SomeCommandsMayComeAtAnyTime) {
  for (const auto verb :
       {Verb::Hello, Verb::Rset, Verb::Noop, Verb::Help, Verb::Vrfy, Verb::Expn, Verb::Quit}) {
    EXPECT_EQ(served(verb), "ghsrc");
  }
}

TEST(Order, WhatIsRefusedIsABadSequence) {
  for (const auto verb : {Verb::Mail, Verb::Rcpt, Verb::Data, Verb::Bdat, Verb::StartTls}) {
    for (const auto phase : phases) {
      if (const auto* reply = refusal(verb, phase)) EXPECT_EQ(reply->code, 503) << reply->text;
    }
  }
}

}  // namespace
}  // namespace outrider::smtp
