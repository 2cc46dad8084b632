package dev.handover.fencing;

import dev.handover.FencedException;
import dev.handover.guard.Guard;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Guards what is in a database: one row per resource remembers the highest epoch. {@link #check} updates that row inside the transaction that it protects, so the row's
 * lock puts the transactions of one resource one after the other, and a transaction of a deposed leader finds the higher epoch and is rolled back, however late it comes.
 *
 * <p>Where the writes of one leader must run side by side, guard each row instead: {@code UPDATE job SET ..., epoch = ? WHERE id = ? AND epoch <= ?}, and give the number of
 * updated rows to {@link #requireUpdated}.
 *
 * <p>Works with every database whose {@code UPDATE} locks the row and looks at it again after waiting: PostgreSQL and H2 at {@code READ COMMITTED} or above (at {@code SERIALIZABLE} a late
 * transaction may fail with a serialization error instead of {@link FencedException}; it is rolled back all the same).
 */
public final class JdbcFence implements FencingGuard {
    private static final String TABLE = "handover_fence";

    private final DataSource dataSource;
    private final String resource;
    private final @Nullable Guard guard;
    private final AtomicBoolean prepared;

    /** For this resource, whose row is created when it is first used, as is the table {@code handover_fence}. */
    public JdbcFence(DataSource dataSource, String resource) {
        if (resource.isEmpty() || resource.length() > 200) {
            throw new IllegalArgumentException(
                    "resource '" + resource + "' has " + resource.length() + " characters; use 1 to 200");
        }
        this.dataSource = dataSource;
        this.resource = resource;
        guard = null;
        prepared = new AtomicBoolean();
    }

    private JdbcFence(JdbcFence fence, Guard guard) {
        dataSource = fence.dataSource;
        resource = fence.resource;
        this.guard = guard;
        prepared = fence.prepared;
    }

    /**
     * The same fence, which goes to the database through the guard wherever it opens a transaction or connection of its own: when the database is down or slow, callers are refused at once instead of waiting for connections one after the other. A {@link FencedException} is
     * no failure with the guard. Whether transactions are tried again is up to it: a transaction is not idempotent, so leave {@code idempotent()} away. {@link #check} in the caller's own transaction is not guarded.
     *
     * @return throws {@link dev.handover.guard.GuardRefusedException} where the guard refuses
     */
    public JdbcFence guardedBy(Guard newGuard) {
        return new JdbcFence(this, newGuard);
    }

    /** What goes to the database. */
    @FunctionalInterface
    private interface Question<T> {
        T ask() throws SQLException;
    }

    private <T> T guarded(Question<T> question) throws SQLException {
        if (guard == null) {
            return question.ask();
        }
        try {
            return guard.<T>call(question::ask);
        } catch (SQLException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("a question to the database failed with what it cannot throw", e);
        }
    }

    /** Work inside a transaction. */
    @FunctionalInterface
    public interface Work<T> {
        /** With a connection that neither commits by itself nor may be closed or committed by the work. */
        T run(Connection connection) throws SQLException;
    }

    /**
     * Runs the work in a transaction that commits only if no higher epoch has been here.
     *
     * @throws FencedException a higher one has: the transaction was rolled back
     * @throws SQLException the database failed; if it failed in the commit, it may have been carried out
     */
    public <T> T inTransaction(long epoch, Work<T> work) throws SQLException {
        return guarded(() -> transaction(epoch, work));
    }

    private <T> T transaction(long epoch, Work<T> work) throws SQLException {
        createIfMissing();
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                check(connection, epoch);
                T result = work.run(connection);
                connection.commit();
                return result;
            } catch (SQLException | RuntimeException | Error e) {
                rollBack(connection, e);
                throw e;
            } finally {
                connection.setAutoCommit(true); // pools get it back as it was
            }
        }
    }

    /**
     * Checks and remembers the epoch in the caller's own transaction, best as its first statement. The caller rolls back when this throws. The row must exist: call {@link #prepare}
     * once before, outside the transaction.
     */
    public void check(Connection connection, long epoch) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("UPDATE " + TABLE + " SET epoch = ? WHERE resource = ? AND epoch <= ?")) {
            update.setLong(1, epoch);
            update.setString(2, resource);
            update.setLong(3, epoch);
            if (update.executeUpdate() == 0) {
                throw fenced(epoch, highest(connection));
            }
        }
    }

    /** For a guarded {@code UPDATE ... WHERE ... AND epoch <= ?}: throws unless it has updated something. */
    public void requireUpdated(int rows, long epoch) {
        if (rows == 0) {
            throw new FencedException("the update with epoch " + epoch + " of '" + resource
                    + "' has changed no row: a higher epoch is there, or the row is not");
        }
    }

    /** Creates table and row if they are missing, in a transaction of its own. */
    public void prepare() throws SQLException {
        guarded(() -> {
            createIfMissing();
            return resource;
        });
    }

    private void createIfMissing() throws SQLException {
        if (prepared.get()) {
            return;
        }
        try (Connection connection = dataSource.getConnection()) {
            createTable(connection);
            if (highest(connection) == null) {
                insert(connection);
            }
        }
        prepared.set(true);
    }

    /** Where it keeps the epochs; a transaction that it protects is one of this. */
    public DataSource dataSource() {
        return dataSource;
    }

    @Override
    public void admit(long epoch) {
        try {
            inTransaction(epoch, connection -> epoch);
        } catch (SQLException e) {
            throw new IllegalStateException("cannot ask the database about the epoch of '" + resource + "'", e);
        }
    }

    @Override
    public long highest() {
        try {
            return guarded(this::readHighest);
        } catch (SQLException e) {
            throw new IllegalStateException("cannot ask the database about the epoch of '" + resource + "'", e);
        }
    }

    private long readHighest() throws SQLException {
        createIfMissing();
        try (Connection connection = dataSource.getConnection()) {
            Long found = highest(connection);
            if (found == null) {
                throw new IllegalStateException("the row of '" + resource + "' in table " + TABLE
                        + " has been deleted; put it back with the highest epoch that was used");
            }
            return found;
        }
    }

    private FencedException fenced(long epoch, @Nullable Long highest) {
        return new FencedException(
                highest == null
                        ? "there is no row for '" + resource + "' in table " + TABLE
                                + "; call prepare() first, or put a deleted one back with the highest epoch that was"
                                + " used"
                        : "epoch " + epoch + " is refused by '" + resource + "', which has seen " + highest
                                + ": another instance leads; stop, and look who");
    }

    private @Nullable Long highest(Connection connection) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("SELECT epoch FROM " + TABLE + " WHERE resource = ?")) {
            select.setString(1, resource);
            try (ResultSet found = select.executeQuery()) {
                return found.next() ? found.getLong(1) : null;
            }
        }
    }

    private static void createTable(Connection connection) throws SQLException {
        try (Statement create = connection.createStatement()) {
            create.execute("CREATE TABLE IF NOT EXISTS " + TABLE
                    + " (resource VARCHAR(200) PRIMARY KEY, epoch BIGINT NOT NULL)");
        } catch (SQLException e) {
            try (Statement probe = connection.createStatement()) { // somebody created it at the same moment
                probe.executeQuery("SELECT COUNT(*) FROM " + TABLE).close();
            } catch (SQLException missing) {
                e.addSuppressed(missing);
                throw e;
            }
        }
    }

    private void insert(Connection connection) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO " + TABLE + " (resource, epoch) VALUES (?, 0)")) {
            insert.setString(1, resource);
            insert.executeUpdate();
        } catch (SQLException e) {
            if (highest(connection) == null) { // not a duplicate: somebody inserted it at the same moment
                throw e;
            }
        }
    }

    private static void rollBack(Connection connection, Throwable cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }
}
