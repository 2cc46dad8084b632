package dev.handover.fencing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.FencedException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every database must do; a subclass per database. */
@Timeout(60)
abstract class JdbcFenceContract {
    private DataSource dataSource;
    private JdbcFence fence;

    abstract DataSource dataSource() throws Exception;

    @BeforeEach
    void prepare() throws Exception {
        dataSource = dataSource();
        execute("CREATE TABLE bill (what VARCHAR(20))");
        fence = new JdbcFence(dataSource, "billing");
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static int insert(Connection connection, String what) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate("INSERT INTO bill VALUES ('" + what + "')");
        }
    }

    private String bills() throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT what FROM bill ORDER BY what")) {
            StringBuilder all = new StringBuilder();
            while (rows.next()) {
                all.append(rows.getString(1)).append(' ');
            }
            return all.toString();
        }
    }

    @Test
    void shouldCommitForTheNewestEpochOnly() throws Exception {
        assertThat(fence.highest()).isZero();
        int inserted = fence.inTransaction(5, connection -> insert(connection, "a"));
        assertThat(inserted).isEqualTo(1);
        fence.inTransaction(5, connection -> insert(connection, "b"));
        new JdbcFence(dataSource, "billing").inTransaction(6, connection -> insert(connection, "c"));
        new JdbcFence(dataSource, "other").inTransaction(1, connection -> insert(connection, "d"));
        assertThatThrownBy(() -> fence.inTransaction(5, connection -> insert(connection, "late")))
                .isInstanceOf(FencedException.class)
                .hasMessageContaining("epoch 5")
                .hasMessageContaining("seen 6");
        assertThat(bills()).isEqualTo("a b c d ");
        assertThat(fence.highest()).isEqualTo(6);
    }

    @Test
    void shouldRollBackWithTheWorkThatFails() throws Exception {
        assertThatThrownBy(() -> fence.inTransaction(5, connection -> {
                    insert(connection, "a");
                    throw new IllegalStateException("as the test wants it");
                }))
                .hasMessage("as the test wants it");
        assertThat(bills()).isEmpty();
        assertThat(fence.highest()).isZero(); // nothing was done in epoch 5, so nothing need remember it
    }

    @Test
    void shouldFenceATransactionThatWaitsBehindAHigherEpoch() throws Exception {
        fence.prepare();
        CountDownLatch holding = new CountDownLatch(1);
        CountDownLatch commit = new CountDownLatch(1);
        CompletableFuture<Integer> higher = async(() -> fence.inTransaction(9, connection -> {
            int inserted = insert(connection, "nine");
            holding.countDown();
            await(commit);
            return inserted;
        }));
        await(holding);
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<Integer> lower = async(() -> {
            begun.countDown();
            return fence.inTransaction(8, connection -> insert(connection, "eight"));
        });
        await(begun);
        commit.countDown();
        assertThat(higher.get(30, TimeUnit.SECONDS)).isEqualTo(1);
        assertThatThrownBy(() -> lower.get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(FencedException.class);
        assertThat(bills()).isEqualTo("nine ");
    }

    @Test
    void shouldGuardInTheCallersOwnTransactionAndRow() throws Exception {
        fence.prepare();
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            fence.check(connection, 4);
            connection.rollback();
        }
        assertThat(fence.highest()).isZero();
        fence.admit(4);
        assertThatThrownBy(() -> fence.admit(3)).isInstanceOf(FencedException.class);
        execute("CREATE TABLE job (id INT, epoch BIGINT)");
        execute("INSERT INTO job VALUES (1, 7)");
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            fence.requireUpdated(statement.executeUpdate("UPDATE job SET epoch = 8 WHERE id = 1 AND epoch <= 8"), 8);
            int late = statement.executeUpdate("UPDATE job SET epoch = 7 WHERE id = 1 AND epoch <= 7");
            assertThatThrownBy(() -> fence.requireUpdated(late, 7)).hasMessageContaining("epoch 7");
        }
    }

    @Test
    void shouldBePreparedByManyAtOnce() throws Exception {
        CompletableFuture<?>[] all = new CompletableFuture<?>[6];
        for (int i = 0; i < all.length; i++) {
            all[i] = async(() -> {
                new JdbcFence(dataSource, "race").prepare();
                return 1;
            });
        }
        CompletableFuture.allOf(all).get(30, TimeUnit.SECONDS);
        assertThat(new JdbcFence(dataSource, "race").highest()).isZero();
    }

    private interface Step {
        Integer run() throws SQLException;
    }

    private static CompletableFuture<Integer> async(Step step) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return step.run();
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(30, TimeUnit.SECONDS)) {
                throw new AssertionError("not released");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
