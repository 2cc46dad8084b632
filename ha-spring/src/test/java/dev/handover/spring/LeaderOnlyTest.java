package dev.handover.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.FencedException;
import dev.handover.NodeId;
import dev.handover.NotLeaderException;
import dev.handover.fencing.InMemoryFence;
import dev.handover.fencing.JdbcFence;
import dev.handover.leadership.Leadership;
import dev.handover.replication.ReplicatedLog;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.JdbcTemplateAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.transaction.autoconfigure.TransactionAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.transaction.annotation.Transactional;

/** {@link LeaderOnly}, {@link Epoch} and {@link Fenced} on methods of beans. */
@Timeout(90)
class LeaderOnlyTest {
    @TempDir
    Path directory;

    private Memory memory;

    @BeforeEach
    void begin() {
        memory = new Memory(directory);
    }

    @AfterEach
    void end() {
        memory.close();
    }

    private ApplicationContextRunner runner() {
        return memory.runner("a")
                .withConfiguration(
                        AutoConfigurations.of(HandoverMethodsAutoConfiguration.class, AopAutoConfiguration.class))
                .withBean("orderBook", StateMachinesTest.OrderBook.class)
                .withBean(Work.class);
    }

    private ApplicationContextRunner withDatabase() {
        return runner().withConfiguration(AutoConfigurations.of(
                        DataSourceAutoConfiguration.class,
                        DataSourceTransactionManagerAutoConfiguration.class,
                        JdbcTemplateAutoConfiguration.class,
                        TransactionAutoConfiguration.class))
                .withPropertyValues("spring.datasource.url=jdbc:h2:mem:" + directory.getFileName())
                .withUserConfiguration(Ledger.class);
    }

    @Test
    void shouldRunWhereThisInstanceLeadsWithTheEpochItLeads() {
        runner().run(context -> {
            ReplicatedLog log = context.getBean(ReplicatedLog.class);
            Memory.inSync(log);
            Work work = context.getBean(Work.class);

            work.bill("x", null, 0);
            assertThat(work.done())
                    .containsExactly("x in " + log.status().epoch() + " and "
                            + log.status().epoch());
            assertThat(work.answer()).isEqualTo("done");
            assertThat(work.perhaps()).contains("done");
            assertThat(work.later()).isCompletedWithValue("done");
        });
    }

    @Test
    void shouldSkipRefuseOrAnswerNothingElsewhere() {
        runner().withBean(MeterRegistry.class, SimpleMeterRegistry::new).run(context -> {
            ReplicatedLog log = context.getBean(ReplicatedLog.class);
            Memory.inSync(log);
            Work work = context.getBean(Work.class);
            work.bill("here", null, 0);
            memory.join("b", "orders", new Words());
            assertThat(log.transferTo(NodeId.of("b")).get(30, SECONDS).transferred())
                    .isTrue();

            work.bill("there", null, 0);
            assertThat(work.done()).hasSize(1);
            assertThat(work.perhaps()).isEmpty();
            assertThatThrownBy(work::answer)
                    .isInstanceOf(NotLeaderException.class)
                    .hasMessageContaining("Work.answer")
                    .hasMessageContaining("'orders'")
                    .hasMessageContaining("leader=b");
            assertThatThrownBy(work::strict).isInstanceOf(NotLeaderException.class);
            assertThat(work.later())
                    .failsWithin(Duration.ZERO)
                    .withThrowableThat()
                    .havingCause()
                    .isInstanceOf(NotLeaderException.class);
            MeterRegistry registry = context.getBean(MeterRegistry.class);
            assertThat(registry.get(LeaderOnlyMeters.NAME)
                            .tags("method", "Work.bill", "outcome", "skipped", "leadership", "orders")
                            .counter()
                            .count())
                    .isEqualTo(1);
            assertThat(registry.get(LeaderOnlyMeters.NAME)
                            .tags("method", "Work.bill", "outcome", "ran")
                            .counter()
                            .count())
                    .isEqualTo(1);
        });
    }

    @Test
    void shouldNotRunWhileTheOthersDoNotConfirmThatItLeads() {
        runner().withPropertyValues("handover.failure-timeout=60s", "handover.heartbeat=20s")
                .run(context -> {
                    ReplicatedLog log = context.getBean(ReplicatedLog.class);
                    Memory.inSync(log);
                    memory.join("b", "orders", new Words());
                    Work work = context.getBean(Work.class);
                    work.bill("one", null, 0);
                    memory.network.cut(NodeId.of("a"), NodeId.of("b"));
                    memory.store.reachable(
                            false); // so that the leader cannot remove the silent follower, and still believes

                    work.bill("two", null, 0);
                    assertThat(work.done()).hasSize(1);
                    memory.store.reachable(true);
                    memory.network.heal();
                });
    }

    @Test
    void shouldGiveTheLeadershipToScheduledMethods() {
        runner().withUserConfiguration(Jobs.class).run(context -> {
            assertThat(context).hasNotFailed();
            Jobs jobs = context.getBean(Jobs.class);
            Await.until("both jobs run", () -> jobs.epochs().size() > 1 && jobs.plain() > 1);
            assertThat(jobs.epochs())
                    .containsOnly(context.getBean(ReplicatedLog.class).status().epoch());
            memory.join("b", "orders", new Words());
            context.getBean(ReplicatedLog.class).handOver().get(30, SECONDS);
            int after = jobs.epochs().size();
            int others = jobs.plain();
            Await.until("the other job goes on", () -> jobs.plain() > others + 3);
            assertThat(jobs.epochs().size()).isLessThanOrEqualTo(after + 1); // one may have been under way
        });
    }

    @Test
    void shouldSayWhichLeadershipsThereAre() {
        runner().withBean("wrong", Wrong.class).run(context -> assertThatThrownBy(
                        () -> context.getBean(Wrong.class).run())
                .hasMessageContaining("'nowhere'")
                .hasMessageContaining("[orders]"));
    }

    @Test
    void shouldFenceWhatIsInTheDatabaseWithinItsTransaction() {
        withDatabase().run(context -> {
            assertThat(context).hasNotFailed();
            Memory.inSync(context.getBean(ReplicatedLog.class));
            Ledger.Entries entries = context.getBean(Ledger.Entries.class);
            JdbcTemplate jdbc = context.getBean(JdbcTemplate.class);
            context.getBean(Ledger.Job.class).run();
            assertThat(jdbc.queryForList("SELECT text FROM entry", String.class))
                    .containsExactly("by the leader");
            assertThat(context.getBean(JdbcFence.class).highest())
                    .isEqualTo(context.getBean(ReplicatedLog.class).status().epoch());

            entries.add("newer", 1000);
            assertThatThrownBy(() -> entries.add("of a deposed leader", 999)).isInstanceOf(FencedException.class);
            assertThatThrownBy(() -> context.getBean(Ledger.Job.class).run()).isInstanceOf(FencedException.class);
            assertThatThrownBy(() -> entries.addAndFail(2000)).isInstanceOf(IllegalStateException.class);
            assertThat(context.getBean(JdbcFence.class).highest())
                    .as("the fence was rolled back with the transaction")
                    .isEqualTo(1000);
            assertThat(jdbc.queryForList("SELECT text FROM entry", String.class))
                    .containsExactly("by the leader", "newer");
        });
    }

    @Test
    void shouldRefuseAFenceInADatabaseWithoutATransaction() {
        withDatabase().run(context -> assertThatThrownBy(
                        () -> context.getBean(Ledger.Entries.class).addWithoutTransaction(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("@Transactional"));
    }

    @Test
    void shouldFenceInMemoryAndSayWhereAnEpochIsMissing() {
        runner().withBean("shelf", InMemoryFence.class, () -> new InMemoryFence("shelf", Duration.ofSeconds(5)))
                .withBean(Shelf.class)
                .run(context -> {
                    Shelf shelf = context.getBean(Shelf.class);
                    assertThat(shelf.put("one", 5)).isEqualTo("one");
                    assertThatThrownBy(() -> shelf.put("two", 4)).isInstanceOf(FencedException.class);
                    assertThatThrownBy(() -> shelf.broken(5)).isInstanceOf(java.io.IOException.class);
                    assertThatThrownBy(shelf::noEpoch)
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("@LeaderOnly");
                });
    }

    static class Work {
        final List<String> done = new CopyOnWriteArrayList<>();

        public List<String> done() {
            return done;
        }

        @LeaderOnly
        public void bill(String what, Leadership.Leading leading, @Epoch long epoch) {
            done.add(what + " in " + leading.epoch() + " and " + epoch);
        }

        @LeaderOnly("orders")
        public String answer() {
            return "done";
        }

        @LeaderOnly(refuse = true)
        public void strict() {
            done.add("strict");
        }

        @LeaderOnly
        public Optional<String> perhaps() {
            return Optional.of("done");
        }

        @LeaderOnly
        public CompletableFuture<String> later() {
            return CompletableFuture.completedFuture("done");
        }
    }

    static class Wrong {
        @LeaderOnly("nowhere")
        public void run() {}
    }

    @EnableScheduling
    @Configuration(proxyBeanMethods = false)
    static class Jobs {
        final List<Long> epochs = new CopyOnWriteArrayList<>();
        final AtomicInteger plain = new AtomicInteger();

        @LeaderOnly("orders")
        @Scheduled(fixedDelay = 10)
        public void lead(Leadership.Leading leading, @Epoch long epoch) {
            epochs.add(Math.max(leading.epoch(), epoch));
        }

        public List<Long> epochs() {
            return epochs;
        }

        public int plain() {
            return plain.get();
        }

        @Scheduled(fixedDelay = 10)
        public void always() {
            plain.incrementAndGet();
        }
    }

    static class Shelf {
        @Fenced("shelf")
        public String put(String what, @Epoch long epoch) {
            return what;
        }

        @Fenced
        public void broken(@Epoch long epoch) throws java.io.IOException {
            throw new java.io.IOException("broken");
        }

        @Fenced
        public void noEpoch() {}
    }

    @Configuration(proxyBeanMethods = false)
    static class Ledger {
        @Bean
        JdbcFence ledger(DataSource dataSource, JdbcTemplate jdbc) throws Exception {
            jdbc.execute("CREATE TABLE entry (text VARCHAR(100))");
            JdbcFence fence = new JdbcFence(dataSource, "ledger");
            fence.prepare();
            return fence;
        }

        @Bean
        Entries entries(JdbcTemplate jdbc) {
            return new Entries(jdbc);
        }

        @Bean
        Job job(Entries entries) {
            return new Job(entries);
        }

        static class Entries {
            private final JdbcTemplate jdbc;

            Entries(JdbcTemplate jdbc) {
                this.jdbc = jdbc;
            }

            @Transactional
            @Fenced("ledger")
            public void add(String text, @Epoch long epoch) {
                jdbc.update("INSERT INTO entry VALUES (?)", text);
            }

            @Transactional
            @Fenced("ledger")
            public void addOfLeader(String text) {
                jdbc.update("INSERT INTO entry VALUES (?)", text);
            }

            @Transactional
            @Fenced("ledger")
            public void addAndFail(@Epoch long epoch) {
                jdbc.update("INSERT INTO entry VALUES ('lost')");
                throw new IllegalStateException("fails");
            }

            @Fenced("ledger")
            public void addWithoutTransaction(@Epoch long epoch) {
                jdbc.update("INSERT INTO entry VALUES ('never')");
            }
        }

        static class Job {
            private final Entries entries;

            Job(Entries entries) {
                this.entries = entries;
            }

            @LeaderOnly
            public void run() {
                entries.addOfLeader("by the leader");
            }
        }
    }

    @Test
    void shouldNotChangeWhatIsSubmittedByOthers() {
        runner().run(context -> assertThat(context.getBean(ReplicatedLog.class)
                        .submit("x".getBytes(UTF_8))
                        .get(30, SECONDS))
                .isEqualTo("x".getBytes(UTF_8)));
    }
}
