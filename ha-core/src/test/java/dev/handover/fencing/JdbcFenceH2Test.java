package dev.handover.fencing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.FencedException;
import dev.handover.guard.Guard;
import dev.handover.guard.GuardOpenException;
import java.lang.reflect.Proxy;
import java.sql.SQLException;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;

class JdbcFenceH2Test extends JdbcFenceContract {
    @Override
    DataSource dataSource() {
        JdbcDataSource dataSource = new JdbcDataSource();
        dataSource.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=20000");
        return dataSource;
    }

    @Test
    void shouldRefuseAtOnceWhileTheDatabaseIsDownIfItIsGuarded() throws SQLException {
        DataSource real = dataSource();
        AtomicBoolean down = new AtomicBoolean();
        AtomicInteger asked = new AtomicInteger();
        DataSource flaky = (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    asked.incrementAndGet();
                    if (down.get()) {
                        throw new SQLException("the database is down");
                    }
                    return method.invoke(real, arguments);
                });
        Guard guard = Guard.named("ledger").build();
        JdbcFence fence = new JdbcFence(flaky, "billing").guardedBy(guard);
        assertThat(fence.<String>inTransaction(7, connection -> "billed")).isEqualTo("billed");
        for (int i = 0; i < 30; i++) { // answers, not failures
            assertThatThrownBy(() -> fence.inTransaction(6, connection -> 1)).isInstanceOf(FencedException.class);
        }
        assertThat(fence.highest()).isEqualTo(7);
        fence.admit(8);

        down.set(true);
        for (int i = 0; i < 20; i++) {
            assertThatThrownBy(() -> fence.inTransaction(8, connection -> 1)).isInstanceOf(Exception.class);
        }
        int before = asked.get();
        assertThatThrownBy(() -> fence.inTransaction(8, connection -> 1)).isInstanceOf(GuardOpenException.class);
        assertThatThrownBy(fence::highest).isInstanceOf(GuardOpenException.class);
        assertThat(asked).hasValue(before);

        down.set(false);
        guard.circuitBreaker().orElseThrow().transitionToClosedState();
        assertThat(fence.<String>inTransaction(8, connection -> "billed")).isEqualTo("billed");
    }
}
