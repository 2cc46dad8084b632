package dev.handover.spring;

import dev.handover.fencing.JdbcFence;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** A fence in a database, within Spring's transaction. Needs spring-jdbc. */
final class TransactionalFence {
    private TransactionalFence() {}

    static void check(JdbcFence fence, long epoch, Method method) throws SQLException {
        DataSource source = fence.dataSource();
        if (!TransactionSynchronizationManager.isActualTransactionActive()
                || !TransactionSynchronizationManager.hasResource(source)) {
            throw new IllegalStateException(method
                    + " is @Fenced in a database, and there is no transaction of its data source: annotate it with @Transactional, since"
                    + " a fence holds only inside the transaction that it protects");
        }
        Connection connection = DataSourceUtils.getConnection(source);
        try {
            fence.check(connection, epoch);
        } finally {
            DataSourceUtils.releaseConnection(connection, source);
        }
    }
}
