#include "outrider/dns/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outrider/dns/records.h"
#include "outrider/dns/wire.h"
#include "support/scripted_dns.h"

namespace outrider::dns {
namespace {

using namespace std::string_view_literals;
using test::DnsReply;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto question_name = "\xC0\x0C"sv;
constexpr unsigned a_type = 1;
constexpr unsigned alias_type = 5;
constexpr unsigned soa_type = 6;
constexpr unsigned mx_type = 15;

Query query(RecordType type = RecordType::A, std::string name = "mx.example") {
  Query query;
  query.id = 0x1234;
  query.name = std::move(name);
  query.type = type;
  return query;
}

std::optional<Reply> read(const Query& query, const DnsReply& reply) {
  return read_reply(reply.bytes(), query);
}

std::string soa(unsigned minimum) {
  std::string data("\0\0", 2);
  data.append(16, '\0');
  data += std::string("\0\0", 2);
  data += static_cast<char>(minimum >> 8);
  data += static_cast<char>(minimum & 0xFF);
  return data;
}

TEST(Query, HasTheDoBitAndNotAd) {
  const auto bytes = write_query(query(RecordType::Tlsa, "_25._tcp.MX.example."));
  EXPECT_EQ(bytes,
            "\x12\x34\x01\x00\0\1\0\0\0\0\0\1"
            "\3_25\4_tcp\2mx\7example\0\0\x34\0\1"
            "\0\0\x29\x04\xD0\0\0\x80\0\0\0"sv);
}

TEST(Query, GoesWithoutEdnsAndWithoutChecking) {
  auto plain = query();
  plain.edns = false;
  plain.checking_disabled = true;
  EXPECT_EQ(write_query(plain), "\x12\x34\x01\x10\0\1\0\0\0\0\0\0\2mx\7example\0\0\1\0\1"sv);
}

TEST(Reply, GivesRecordsAndTheLeastTtl) {
  const auto asked = query();
  const auto reply = read(asked, DnsReply(write_query(asked))
                                     .answer(question_name, a_type, "\xC0\0\2\1"sv, 300)
                                     .answer(question_name, a_type, "\xC0\0\2\2"sv, 100));
  ASSERT_TRUE(reply);
  EXPECT_THAT(reply->data, ElementsAre("\xC0\0\2\1"sv, "\xC0\0\2\2"sv));
  EXPECT_EQ(reply->ttl.count(), 100);
  EXPECT_EQ(reply->last, "mx.example");
  EXPECT_TRUE(reply->complete);
  EXPECT_FALSE(reply->authentic);
}

TEST(Reply, IsAuthenticOnlyFromAServerThatKnowsTheDoBit) {
  const auto asked = query();
  const auto bytes = write_query(asked);
  constexpr auto ad = DnsReply::authentic;
  EXPECT_TRUE(read(asked, DnsReply(bytes, ad).opt())->authentic);
  EXPECT_FALSE(read(asked, DnsReply(bytes, ad))->authentic);
  EXPECT_FALSE(read(asked, DnsReply(bytes, ad).opt(false))->authentic);
  EXPECT_FALSE(read(asked, DnsReply(bytes).opt())->authentic);
}

TEST(Reply, FollowsAliasesInAnyOrder) {
  const auto asked = query();
  const auto far = wire_name("Far.example");
  const auto near = wire_name("near.example");
  const auto reply = read(asked, DnsReply(write_query(asked))
                                     .answer(far, a_type, "\xC0\0\2\1"sv, 300)
                                     .answer(near, alias_type, far, 20)
                                     .answer(wire_name("other"), a_type, "\xC0\0\2\x63"sv, 1)
                                     .answer(question_name, alias_type, near, 200));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->last, "far.example");
  EXPECT_THAT(reply->data, ElementsAre("\xC0\0\2\1"sv));
  EXPECT_EQ(reply->ttl.count(), 20);
}

TEST(Reply, OfAnAliasQuestionIsTheAliasItself) {
  const auto asked = query(RecordType::Alias);
  const auto near = wire_name("near.example");
  const auto reply =
      read(asked, DnsReply(write_query(asked)).answer(question_name, alias_type, near));
  ASSERT_TRUE(reply);
  EXPECT_THAT(reply->data, ElementsAre(near));
  EXPECT_EQ(reply->last, "mx.example");
}

TEST(Reply, TellsThatItEndsWithAnAlias) {
  const auto asked = query();
  const auto alias = wire_name("near.example");
  auto cut = DnsReply(write_query(asked)).answer(question_name, alias_type, alias);
  EXPECT_FALSE(read(asked, cut)->complete);
  EXPECT_EQ(read(asked, cut)->last, "near.example");
  const auto denied = read(asked, cut.authority(wire_name("example"), soa_type, soa(30)));
  EXPECT_TRUE(denied->complete);
  EXPECT_THAT(denied->data, IsEmpty());
}

TEST(Reply, RefusesAliasesWithoutEnd) {
  const auto asked = query();
  const auto other = wire_name("other.example");
  EXPECT_FALSE(read(asked, DnsReply(write_query(asked))
                               .answer(question_name, alias_type, other)
                               .answer(other, alias_type, question_name)));
  EXPECT_FALSE(
      read(asked, DnsReply(write_query(asked)).answer(question_name, alias_type, question_name)));
}

TEST(Reply, DeniesForAsLongAsTheSoaSays) {
  const auto asked = query();
  const auto zone = wire_name("example");
  const auto with = [&](unsigned minimum, unsigned ttl) {
    return read(asked,
                DnsReply(write_query(asked), 0, 3).authority(zone, soa_type, soa(minimum), ttl));
  };
  EXPECT_EQ(with(30, 60)->code, Code::NxDomain);
  EXPECT_EQ(with(30, 60)->ttl.count(), 30);
  EXPECT_EQ(with(300, 60)->ttl.count(), 60);
  EXPECT_EQ(with(300, 0xFFFFFFFF)->ttl.count(), 0);  // RFC 2181 §8
}

TEST(Reply, UnpacksNamesInRecords) {
  const auto asked = query(RecordType::Mx);
  const auto reply = read(
      asked, DnsReply(write_query(asked)).answer(question_name, mx_type, "\0\xA\1b\xC0\x0C"sv));
  ASSERT_TRUE(reply);
  ASSERT_THAT(reply->data, SizeIs(1));
  EXPECT_EQ(read_mx(reply->data[0]), (Mx{10, "b.mx.example"}));
}

TEST(Reply, RefusesANameThatIsNotAsLongAsItsRecord) {
  const auto asked = query(RecordType::Mx);
  for (const auto data : {"\0\xA\xC0\x0C."sv, "\0\xA\1b"sv, "\0"sv, ""sv}) {
    EXPECT_FALSE(
        read(asked, DnsReply(write_query(asked)).answer(question_name, mx_type, data).opt()));
  }
}

TEST(Reply, HasTheCodeWithTheBitsOfEdns) {
  const auto asked = query();
  EXPECT_EQ(read(asked, DnsReply(write_query(asked)).opt(true, 1))->code, Code::BadVers);
  EXPECT_EQ(read(asked, DnsReply(write_query(asked), 0, 5).opt())->code, Code::Refused);
}

TEST(Reply, KeepsNoMoreRecordsThanASourceMay) {
  const auto asked = query();
  DnsReply reply(write_query(asked));
  for (std::size_t i = 0; i < Source::most_records + 10; ++i) {
    reply.answer(question_name, a_type, "\xC0\0\2\1"sv);
  }
  EXPECT_THAT(read(asked, reply)->data, SizeIs(Source::most_records));
}

TEST(Reply, IsToTheQueryAlone) {
  const auto asked = query();
  const auto reply = DnsReply(write_query(asked)).bytes();
  EXPECT_TRUE(is_reply_to(reply, asked));
  EXPECT_FALSE(is_reply_to(write_query(asked), asked));
  auto other = asked;
  other.id = 1;
  EXPECT_FALSE(is_reply_to(reply, other));
  EXPECT_FALSE(is_reply_to(reply, query(RecordType::Mx)));
  EXPECT_FALSE(is_reply_to(reply, query(RecordType::A, "mx.example.org")));
  EXPECT_TRUE(is_reply_to(reply, query(RecordType::A, "MX.Example")));
  for (std::size_t size = 0; size < reply.size(); ++size) {
    EXPECT_FALSE(is_reply_to(std::string_view(reply).substr(0, size), asked)) << size;
  }
}

TEST(Reply, MayComeWithoutTheQuestionWhereThatWasNotRead) {
  const auto asked = query();
  auto bytes = DnsReply(write_query(asked), 0, 1).bytes().substr(0, 12);
  bytes[5] = 0;
  EXPECT_TRUE(is_reply_to(bytes, asked));
  EXPECT_EQ(read_reply(bytes, asked)->code, Code::FormErr);
  bytes[3] = 0;
  EXPECT_FALSE(is_reply_to(bytes, asked));
}

TEST(Reply, CutAnywhereIsNoReply) {
  const auto asked = query(RecordType::Mx);
  const auto whole = DnsReply(write_query(asked), DnsReply::authentic)
                         .answer(question_name, mx_type, "\0\xA\1b\xC0\x0C"sv)
                         .authority(wire_name("example"), soa_type, soa(30))
                         .opt()
                         .bytes();
  ASSERT_TRUE(read_reply(whole, asked));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read_reply(std::string_view(whole).substr(0, size), asked)) << size;
  }
}

// Whatever a byte becomes, reading ends, within bounds, and never says more than was there.
TEST(Reply, WithAnyByteChangedIsReadWithoutHarm) {
  const auto asked = query(RecordType::Mx);
  const auto whole = DnsReply(write_query(asked))
                         .answer(question_name, alias_type, wire_name("near.example"))
                         .answer(wire_name("near.example"), mx_type, "\0\xA\1b\xC0\x0C"sv)
                         .opt()
                         .bytes();
  int readable = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      auto changed = whole;
      changed[at] = static_cast<char>(byte);
      const auto reply = read_reply(changed, asked);
      readable += reply ? 1 : 0;
      if (reply) EXPECT_LE(reply->data.size(), 2U);
    }
  }
  EXPECT_GT(readable, 0);
}

}  // namespace
}  // namespace outrider::dns
