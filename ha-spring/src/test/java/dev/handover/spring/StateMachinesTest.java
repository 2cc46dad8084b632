package dev.handover.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.GroupId;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.StateMachine;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Beans of type {@link StateMachine} get their logs. */
@Timeout(60)
class StateMachinesTest {
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

    @Test
    void shouldGiveALogForAnAnnotatedClassAndForAnAnnotatedMethod() {
        memory.runner("a")
                .withUserConfiguration(Annotated.class)
                .withPropertyValues("app.group=from-property")
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(context.getBean("ordersLog", ReplicatedLog.class).group())
                            .isEqualTo(GroupId.of("orders"));
                    assertThat(context.getBean("fromPropertyLog", ReplicatedLog.class)
                                    .group())
                            .isEqualTo(GroupId.of("from-property"));
                    Users users = context.getBean(Users.class);
                    assertThat(users.byGroup.group()).isEqualTo(GroupId.of("orders"));
                    assertThat(users.byQualifier.group()).isEqualTo(GroupId.of("from-property"));
                    assertThat(new String(
                                    users.byGroup.submit("one".getBytes(UTF_8)).get(30, SECONDS), UTF_8))
                            .isEqualTo("one");
                    assertThat(context.getBean(OrderBook.class).text()).isEqualTo("one");
                });
    }

    @Test
    void shouldTakeTheGroupFromThePropertyFirst() {
        memory.runner("a")
                .withBean("orderBook", OrderBook.class)
                .withPropertyValues("handover.groups.order-book=orders-2")
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .getBean(ReplicatedLog.class)
                        .extracting(ReplicatedLog::group)
                        .isEqualTo(GroupId.of("orders-2")));
    }

    @Test
    void shouldSayWhatToDoWithoutAGroup() {
        memory.runner("a").withBean("plainWords", Words.class).run(context -> assertThat(context)
                .getFailure()
                .hasStackTraceContaining("the state machine 'plainWords' has no group")
                .hasStackTraceContaining("@HandoverGroup")
                .hasStackTraceContaining("handover.groups.plain-words="));
    }

    @Test
    void shouldSayWhichBeansHaveTheSameGroup() {
        memory.runner("a")
                .withBean("one", OrderBook.class)
                .withBean("two", OrderBook.class)
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasStackTraceContaining("the state machines 'one' and 'two' are both of group 'orders'"));
    }

    @Test
    void shouldSayThatNoBeanHasTheNameInAProperty() {
        memory.runner("a")
                .withBean("orderBook", OrderBook.class)
                .withPropertyValues("handover.groups.other=orders-2")
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasStackTraceContaining("handover.groups.other")
                        .hasStackTraceContaining("'orderBook'"));
    }

    @Test
    void shouldLeaveStateMachinesAloneThatTheApplicationJoinsItself() {
        memory.runner("a").withUserConfiguration(OwnLog.class).run(context -> assertThat(context)
                .hasNotFailed()
                .hasSingleBean(ReplicatedLog.class)
                .hasBean("mine"));
    }

    @Test
    void shouldGiveLogsForANodeOfTheApplicationAsWell() {
        try (Memory own = new Memory(directory.resolve("own"))) {
            memory.runner("unused")
                    .withBean("orderBook", OrderBook.class)
                    .withBean(HaNode.class, () -> HaNode.builder(dev.handover.NodeId.of("own"))
                            .configurationStore(own.store.connect())
                            .transport(own.network.transport())
                            .dataDirectory(directory.resolve("own"))
                            .start())
                    .run(context -> {
                        assertThat(context).hasNotFailed().hasSingleBean(HaNode.class);
                        Memory.inSync(context.getBean(ReplicatedLog.class));
                        assertThat(context.getBean(HaNode.class).groups()).containsExactly(GroupId.of("orders"));
                    });
        }
    }

    @HandoverGroup("orders")
    static class OrderBook extends Words {}

    record Users(ReplicatedLog byGroup, ReplicatedLog byQualifier) {}

    @Configuration(proxyBeanMethods = false)
    static class Annotated {
        @Bean
        OrderBook orderBook() {
            return new OrderBook();
        }

        @Bean
        @HandoverGroup("${app.group}")
        StateMachine other() {
            return new Words();
        }

        @Bean
        Users users(
                @HandoverGroup("orders") ReplicatedLog byGroup, @Qualifier("from-property") ReplicatedLog byQualifier) {
            return new Users(byGroup, byQualifier);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnLog {
        @Bean
        Words words() {
            return new Words();
        }

        @Bean
        ReplicatedLog mine(HaNode node, Words words) {
            return node.join(GroupId.of("mine"), words);
        }
    }
}
