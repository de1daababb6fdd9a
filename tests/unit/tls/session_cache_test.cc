#include "outrider/tls/session_cache.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <string>

namespace outrider::tls {
namespace {

// Told apart by their time to live.
SSL_SESSION* session(long mark) {
  SSL_SESSION* made = SSL_SESSION_new();
  SSL_SESSION_set_timeout(made, mark);
  return made;
}

long mark_of(SSL_SESSION* taken) {
  const long mark = taken ? SSL_SESSION_get_timeout(taken) : 0;
  SSL_SESSION_free(taken);
  return mark;
}

TEST(SessionCache, T4_GivesEachSessionOutOnce) {
  SessionCache cache;
  cache.keep("a", session(1));
  cache.keep("a", session(2));
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_EQ(mark_of(cache.take("a")), 2);
  EXPECT_EQ(mark_of(cache.take("a")), 1);
  EXPECT_EQ(cache.take("a"), nullptr);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(SessionCache, KeepsKeysApart) {
  SessionCache cache;
  cache.keep("a", session(1));
  EXPECT_EQ(cache.take("b"), nullptr);
  EXPECT_EQ(mark_of(cache.take("a")), 1);
}

TEST(SessionCache, TheOldestOfAKeyMakesRoom) {
  SessionCache cache(100, 2);
  for (const long mark : {1, 2, 3}) cache.keep("a", session(mark));
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_EQ(mark_of(cache.take("a")), 3);
  EXPECT_EQ(mark_of(cache.take("a")), 2);
  EXPECT_EQ(cache.take("a"), nullptr);
}

TEST(SessionCache, TheOldestOfAllMakesRoom) {
  SessionCache cache(3, 2);
  for (long mark = 1; mark <= 5; ++mark) cache.keep(std::to_string(mark), session(mark));
  EXPECT_EQ(cache.size(), 3u);
  EXPECT_EQ(cache.take("2"), nullptr);
  EXPECT_EQ(mark_of(cache.take("3")), 3);
  EXPECT_EQ(mark_of(cache.take("5")), 5);
}

TEST(SessionCache, ForgetsAll) {
  SessionCache cache;
  cache.keep("a", session(1));
  cache.forget_all();
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.take("a"), nullptr);
  SessionCache none(0);
  none.keep("a", session(1));
  EXPECT_EQ(none.size(), 0u);
}

}  // namespace
}  // namespace outrider::tls
