package dev.handover.examples.kv.resp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.NotLeaderException;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.ProtocolVersion;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.RedisProtocol;
import redis.clients.jedis.Response;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.SetParams;

/** What applications use: Jedis and Lettuce, both versions of the protocol. */
class ClientLibrariesTest extends RespServerFixture {
    @ParameterizedTest
    @EnumSource(
            value = RedisProtocol.class,
            names = {"RESP2", "RESP3"})
    void shouldServeJedis(RedisProtocol protocol) {
        try (Jedis jedis = new Jedis(
                new HostAndPort("127.0.0.1", server.address().getPort()),
                DefaultJedisClientConfig.builder()
                        .protocol(protocol)
                        .clientName("jedis-test")
                        .build())) {
            assertThat(jedis.ping()).isEqualTo("PONG");
            assertThat(jedis.set("k", "v")).isEqualTo("OK");
            assertThat(jedis.set("k", "w", SetParams.setParams().nx())).isNull();
            assertThat(jedis.get("k")).isEqualTo("v");
            assertThat(jedis.get("missing")).isNull();
            assertThat(jedis.mset("a", "1", "b", "2")).isEqualTo("OK");
            assertThat(jedis.mget("a", "missing", "b")).containsExactly("1", null, "2");
            assertThat(jedis.incrBy("a", 41)).isEqualTo(42);
            assertThat(jedis.append("b", "x")).isEqualTo(2);
            assertThat(jedis.exists("a", "b", "c")).isEqualTo(2);
            assertThat(jedis.strlen("b")).isEqualTo(2);
            assertThat(jedis.del("a", "b")).isEqualTo(2);
            assertThat(jedis.dbSize()).isEqualTo(1);
            assertThat(jedis.info("replication")).contains("role:master");
            assertThat(jedis.role().get(0)).isEqualTo("master");
            assertThat(jedis.clientGetname()).isEqualTo("jedis-test");
            assertThat(jedis.configGet("appendonly")).isEqualTo(Map.of("appendonly", "yes"));
            byte[] binary = {0, 13, 10, -1, 36};
            assertThat(jedis.set(binary, binary)).isEqualTo("OK");
            assertThat(jedis.get(binary)).isEqualTo(binary);
            List<Response<Long>> sums = new ArrayList<>();
            Pipeline pipeline = jedis.pipelined();
            for (int i = 0; i < 1000; i++) {
                sums.add(pipeline.incr("n"));
            }
            pipeline.sync();
            for (int i = 0; i < 1000; i++) {
                assertThat(sums.get(i).get()).isEqualTo(i + 1);
            }
            log.fail(new NotLeaderException("nobody leads"));
            assertThatThrownBy(() -> jedis.set("k", "v"))
                    .isInstanceOf(JedisDataException.class)
                    .hasMessage("TRYAGAIN nobody leads");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = ProtocolVersion.class,
            names = {"RESP2", "RESP3"})
    void shouldServeLettuce(ProtocolVersion protocol) throws Exception {
        RedisClient client =
                RedisClient.create(RedisURI.create("127.0.0.1", server.address().getPort()));
        client.setOptions(ClientOptions.builder().protocolVersion(protocol).build());
        try (StatefulRedisConnection<String, String> connection = client.connect()) {
            RedisCommands<String, String> commands = connection.sync();
            assertThat(commands.ping()).isEqualTo("PONG");
            assertThat(commands.set("k", "v")).isEqualTo("OK");
            assertThat(commands.set("k", "w", SetArgs.Builder.nx())).isNull();
            assertThat(commands.set("k", "w", SetArgs.Builder.xx())).isEqualTo("OK");
            assertThat(commands.get("k")).isEqualTo("w");
            assertThat(commands.get("missing")).isNull();
            assertThat(commands.mset(Map.of("a", "1", "b", "2"))).isEqualTo("OK");
            assertThat(commands.mget("a", "b")).hasSize(2);
            assertThat(commands.decr("a")).isEqualTo(0);
            assertThat(commands.role().get(0)).isEqualTo("master");
            assertThat(commands.info()).contains("redis_version");
            assertThat(commands.command()).isNotEmpty();
            assertThat(commands.commandCount()).isGreaterThan(20);
            assertThat(commands.configGet("save")).isEqualTo(Map.of("save", ""));
            assertThat(commands.dispatch(
                            () -> "CAS".getBytes(StandardCharsets.US_ASCII),
                            new IntegerOutput<>(StringCodec.UTF8),
                            new CommandArgs<>(StringCodec.UTF8)
                                    .addKey("k")
                                    .addValue("w")
                                    .addValue("x")))
                    .isEqualTo(1L);
            assertThatThrownBy(() -> commands.incr("k"))
                    .isInstanceOf(RedisCommandExecutionException.class)
                    .hasMessage("ERR value is not an integer or out of range");
            RedisAsyncCommands<String, String> async = connection.async();
            List<RedisFuture<Long>> sums = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                sums.add(async.incr("n"));
            }
            for (int i = 0; i < 1000; i++) {
                assertThat(sums.get(i).get(5, TimeUnit.SECONDS)).isEqualTo(i + 1);
            }
        } finally {
            client.shutdown(0, 2, TimeUnit.SECONDS);
        }
    }

    @Test
    void shouldLetLettuceFindTheProtocolByItself() {
        RedisClient client =
                RedisClient.create(RedisURI.create("127.0.0.1", server.address().getPort()));
        try (StatefulRedisConnection<String, String> connection = client.connect()) {
            assertThat(connection.sync().set("k", "v")).isEqualTo("OK");
        } finally {
            client.shutdown(0, 2, TimeUnit.SECONDS);
        }
    }
}
