import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** Logs as Flink does: a line of a job's task, an error outside of any job, and a line that is left out. */
public class LogLines {
    public static void main(String[] arguments) {
        Thread.currentThread().setName("Insert (1/2)#0");
        Logger logger = LoggerFactory.getLogger("org.apache.flink.Something");
        MDC.put("flink-job-id", "0123456789abcdef0123456789abcdef");
        logger.info("a \"quoted\" word\nand a second line");
        MDC.clear();
        logger.error("it broke", new IllegalStateException("because"));
        LoggerFactory.getLogger("org.apache.kafka.Anything").info("a line a partition");
    }
}
