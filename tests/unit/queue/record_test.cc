#include "outrider/queue/record.h"

#include <gmock/gmock.h>

#include <random>

namespace outrider::queue {
namespace {

using testing::HasSubstr;

Record sample() {
  Record record;
  record.id = {0x0123456789abcdef};
  record.content = {300, true};
  record.held = true;
  mail::Envelope& envelope = record.envelope;
  envelope.reverse_path = {"a b", "example.org"};
  envelope.body = mail::BodyType::BinaryMime;
  envelope.has_eight_bit = true;
  envelope.smtputf8 = true;
  envelope.ret = mail::Return::Headers;
  envelope.envid = "env+2B7";
  envelope.origin = {"helo.test", "192.0.2.1", "ESMTPS", "TLSv1.3"};
  envelope.arrived = Time(Duration(1'700'000'000'123));
  envelope.size = 1ull << 40;
  envelope.recipients.resize(2);
  envelope.recipients[0] = {{"ü", "xn--tda.test"},
                            "rfc822;x@y",
                            mail::notify_delay,
                            mail::RecipientStatus::Failed,
                            "550 5.1.1 no",
                            "mx[192.0.2.2]:25",
                            ""};
  envelope.recipients[1].address = {std::string(300, 'l'), "two.test"};
  envelope.require_tls = true;
  envelope.routed = true;
  envelope.reverse_route = "@two.test,@one.test";
  envelope.recipients[1].route = "@three.test";
  record.progress = {{.attempts = 7, .next = Time(Duration(1'700'000'100'000)), .warned = true},
                     {.for_tls = true}};
  return record;
}

TEST(Record, ComesBackAsItWas) {
  EXPECT_EQ(decode(encode(sample()), sample().id), sample());
  Record empty;
  EXPECT_EQ(decode(encode(empty), empty.id), empty);
}

// A record of before there were routes, and the same bytes today.
TEST(Record, WithoutRoutesHasNoPlaceForThem) {
  Record record = sample();
  const std::size_t with = encode(record).size();
  record.envelope.routed = false;
  record.envelope.reverse_route = record.envelope.recipients[1].route = "";
  EXPECT_EQ(encode(record).size(), with - (1 + 19) - 1 - (1 + 11));
  EXPECT_EQ(decode(encode(record), record.id), record);
}

TEST(Record, OfANewMessageIsTheSameWithoutProgress) {
  Record record = sample();
  record.held = false;
  record.progress = {{}, {}};
  EXPECT_EQ(encode_new(record.id, record.content, record.envelope), encode(record));
}

TEST(Record, CutAnywhereOrContinuedIsRefused) {
  const std::string bytes = encode(sample());
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(decode(std::string_view(bytes).substr(0, length), sample().id)) << length;
  EXPECT_FALSE(decode(bytes + '\0', sample().id));
}

TEST(Record, OfAnotherMessageIsRefused) {
  const auto refused = decode(encode(sample()), {42});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr(sample().id.text()));
}

TEST(Record, OfAnotherVersionIsRefused) {
  std::string bytes = encode(sample());
  bytes[0] = 2;
  EXPECT_THAT(decode(bytes, sample().id).error().text(), HasSubstr("unknown version"));
}

TEST(Record, AnyBitFlippedIsRefusedOrReadsAsAnotherWholeRecord) {
  const std::string bytes = encode(sample());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const auto read = decode(flipped, sample().id);
    if (read) EXPECT_EQ(encode(*read), flipped) << "one record has one encoding";
  }
}

TEST(Record, CountsAreNotBelievedBeforeTheBytesAreThere) {
  Record none;
  std::string bytes = encode(none);
  bytes.pop_back();  // the count of recipients
  EXPECT_FALSE(decode(bytes + "\xff\xff\x3f", none.id));
  EXPECT_FALSE(decode(bytes + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", none.id));
  EXPECT_FALSE(decode(bytes + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", none.id));
  EXPECT_FALSE(decode(bytes + std::string("\x80\x00", 2), none.id)) << "not the shortest form";
}

TEST(Record, GarbageIsRefused) {
  std::minstd_rand random(5);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    if (!bytes.empty()) bytes[0] = 1;
    EXPECT_FALSE(decode(bytes, {1}));
  }
}

TEST(Record, IsPendingWhileSomebodyWaits) {
  Record record = sample();
  EXPECT_TRUE(record.pending());
  record.envelope.recipients[1].status = mail::RecipientStatus::Expanded;
  EXPECT_FALSE(record.pending());
}

TEST(Keys, AreInTheOrderOfArrival) {
  EXPECT_LT(message_key({255}), message_key({256}));
  EXPECT_LT(chunk_key({1}, 255), chunk_key({1}, 256));
  EXPECT_LT(chunk_key({1}, UINT32_MAX), chunk_key({2}, 0));
  EXPECT_EQ(message_of_key(message_key({0xfedcba9876543210})), MessageId{0xfedcba9876543210});
  EXPECT_FALSE(message_of_key("short"));
  EXPECT_FALSE(message_of_key(chunk_key({1}, 1)));
}

}  // namespace
}  // namespace outrider::queue
